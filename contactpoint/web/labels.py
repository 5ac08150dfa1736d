"""Plain words for the stable codes that appear on every page. A code without words is shown as it is."""

from __future__ import annotations

from contactpoint.web.i18n import N_

LEVELS = {
    "queued": N_("Queued"),
    "held": N_("Held by the mailbox"),
    "received": N_("Received by the desk"),
    "opened": N_("Opened by an officer"),
    "acknowledged": N_("Acknowledged: an officer has taken charge"),
    "answered": N_("Answered"),
}
"""The rungs of a letter's ladder, lowest first."""

TWINS = {
    "unreachable": N_("Not held in time: mailbox unreachable"),
    "refused": N_("Refused by the mailbox"),
    "not-received": N_("Not received in time"),
    "undecryptable": N_("Received, but it could not be opened"),
    "rejected": N_("Rejected by the desk"),
    "expired": N_("Expired before it was received"),
    "not-opened": N_("Not opened in time"),
    "not-acknowledged": N_("Not acknowledged in time"),
    "lapsed": N_("Lapsed without an answer"),
}
"""The signed *not by then*."""

ROW_OF_TWIN = {
    "unreachable": "held",
    "refused": "held",
    "not-received": "received",
    "undecryptable": "received",
    "rejected": "received",
    "expired": "received",
    "not-opened": "opened",
    "not-acknowledged": "acknowledged",
    "lapsed": "answered",
}

GROUPS = {
    "emergency": N_("Emergency"),
    "preservation": N_("Preservation of data"),
    "location": N_("Location of data and persons"),
    "advice": N_("Advice"),
    "evidence": N_("Evidence"),
    "mla": N_("Mutual legal assistance"),
    "information": N_("Information and warnings"),
    "cooperation": N_("Working together"),
    "extradition": N_("Extradition"),
    "transfer": N_("Transfer of persons and proceedings"),
    "assets": N_("Property and proceeds"),
    "follow-up": N_("Following up"),
    "directory": N_("Directory"),
}
"""The headings under which the types of request stand, the most urgent first."""

STATUSES = {
    "DRAFT": N_("Draft"),
    "QUEUED": N_("Queued"),
    "HELD": N_("Held by the mailbox"),
    "RECEIVED": N_("Received by the desk"),
    "DELIVERED": N_("Delivered"),
    "OPENED": N_("Opened"),
    "OPEN": N_("Waiting for acknowledgement"),
    "ACKNOWLEDGED": N_("Acknowledged"),
    "ACK-DEGRADED": N_("Acknowledged by the station"),
    "ACCEPTED": N_("Accepted"),
    "NEED-INFO": N_("More information needed"),
    "INFO": N_("Information given"),
    "EXECUTED": N_("Executed"),
    "PARTIAL": N_("Executed in part"),
    "REFUSED": N_("Refused"),
    "REDIRECTED": N_("Redirected"),
    "POSTPONED": N_("Postponed"),
    "CONSULT": N_("Consultation"),
    "CONSULT-REPLY": N_("Consultation answered"),
    "NO-DATA": N_("No data found"),
    "OUT-OF-SCOPE": N_("Out of scope"),
    "WARN-42-7": N_("Warning: preservation may harm the investigation"),
    "CONFIRMED-BY-REQUESTER": N_("Confirmed by the requesting State"),
    "CALLED-BACK": N_("Called back"),
    "QUARANTINE-LIFTED": N_("Quarantine lifted"),
    "NOT-EMERGENCY": N_("Not an emergency"),
    "CLASS-LOWERED": N_("Class lowered"),
    "ORAL-LOGGED": N_("Asked by telephone, noted"),
    "CONFIRMED-IN-WRITING": N_("Confirmed in writing"),
    "CANNOT-KEEP-SECRET": N_("Secrecy cannot be kept"),
    "CONDITIONS": N_("Conditions set"),
    "CONDITIONS-ACCEPTED": N_("Conditions accepted"),
    "CONDITIONS-DECLINED": N_("Conditions declined"),
    "GRANTED": N_("Consent given"),
    "GRANTED-WITH-CONDITIONS": N_("Consent given under conditions"),
    "DENIED": N_("Consent denied"),
    "WITH-CENTRAL-AUTHORITY": N_("With the authority in charge"),
    "CENTRAL-TAKEN": N_("Taken over by the authority in charge"),
    "CONCLUDED": N_("Concluded"),
    "DECLINED": N_("Declined"),
    "LEFT": N_("Has left"),
    "LIFT-WARNING": N_("Warned that the measure will be lifted"),
    "LIFT-REASONS": N_("Reasons given to keep the measure"),
    "END-REPORT": N_("Collection has ended"),
    "NO-ANSWER": N_("Nobody answered"),
    "OK": N_("Confirmed"),
    "STATUS": N_("Said how it stands"),
    "EXTENDED": N_("Extended"),
    "WITHDRAW": N_("Withdraw"),
    "ESCALATE": N_("Asked to call the next officer"),
    "ANSWERED-ELSEWHERE": N_("Answered another way"),
    "WITHDRAWN": N_("Withdrawn"),
    "RECALLED": N_("Recalled"),
    "EXPIRED": N_("Expired"),
    "LAPSED": N_("Lapsed without an answer"),
    "HELD-UNTIL-DECISION": N_("Held until the decision"),
    "RELEASED": N_("Released"),
    "WAITING-FOR-APPROVAL": N_("Waiting for approval"),
    "WAITING-FOR-REVIEW": N_("Waiting for a rights check"),
    "STOPPED": N_("Stopped"),
}
"""How a request or a letter stands. A status that is not named here is called by the answer that leads to it."""

REACHED = {
    "5-min": N_("within 5 minutes"),
    "30-min": N_("within 30 minutes"),
    "4-h": N_("within 4 hours"),
    "not": N_("not within 4 hours"),
}
"""How quickly a person answered a drill, as a class."""

WORDS = {
    **REACHED,
    **LEVELS,
    **TWINS,
    **STATUSES,
    "rung": N_("Called"),
    "officer-reached": N_("Officer reached, on the way"),
    "ended": N_("Certified that the term has ended"),
    "decision": N_("Decided"),
    "decided": N_("Decided"),
    # who signed
    "gateway": N_("gateway"),
    "station": N_("station"),
    # urgency
    "U0": N_("Emergency: risk to life"),
    "U1": N_("Lost within hours"),
    "U2": N_("Within days"),
    "U3": N_("Normal"),
    # roles of keys
    "root": N_("State root"),
    "keeper": N_("keeper of the card"),
    "issuer": N_("issuer of officers' certificates"),
    "officer": N_("officer"),
    "registrar": N_("registrar"),
    "log": N_("log"),
    # status in the register
    "listed": N_("Listed"),
    "active": N_("Listed"),
    "pending": N_("Not yet approved"),
    "suspended": N_("Suspended"),
    # names of languages
    "ar": N_("Arabic"),
    "zh": N_("Chinese"),
    "en": N_("English"),
    "fr": N_("French"),
    "ru": N_("Russian"),
    "es": N_("Spanish"),
    # roles that are called
    "duty officer": N_("duty officer"),
    "next duty officer": N_("next duty officer"),
    "deputy": N_("deputy"),
    "supervisor": N_("supervisor"),
    "everybody": N_("everybody on duty"),
    # who orders, and what a judge orders, as a card says it
    "police": N_("police"),
    "prosecutor": N_("prosecutor"),
    "judge": N_("judge"),
    "subscriber": N_("subscriber data"),
    "traffic": N_("traffic data"),
    "content": N_("content"),
    # networks
    "live": N_("Live network"),
    "pilot": N_("Pilot network"),
    "training": N_("Training network: invented States only"),
}
