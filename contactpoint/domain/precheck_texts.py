"""The sentences of the pre-checks: English message ids, translated where they are shown. The part after `/` is a variant."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "E-SCOPE-35": (
            "Neither a Convention offence nor a serious crime (a maximum of at least four years) is named: this Convention gives no duty"
            " to help. Name another treaty as legal basis, or use police channels such as INTERPOL."
        ),
        "N-SCOPE": "Inside the scope of Article 35: %(codes)s.",
        "W-NOT-PARTY": (
            "Not a Party to the Convention, as the card says: %(states)s. Name the other treaty or the law that this rests on."
        ),
        "N-OTHER-BASIS": "Not a Party to the Convention: %(states)s. The request rests on: %(basis)s.",
        "W-LANGUAGE": "%(state)s does not accept this kind of request in this language (%(language)s). Accepted now: %(accepted)s.",
        "W-LANGUAGE/night": (
            "%(state)s reads this language (%(language)s) only in working hours, which do not run there now. Accepted now: %(accepted)s."
        ),
        "W-NO-CARD": "%(state)s has no card in the register: nothing is known of its languages, law and powers.",
        "N-ITSELF": "The contact point of %(state)s does this itself.",
        "W-PASSES-ON": "The contact point of %(state)s does not do this itself; it passes it on to: %(other)s. That takes time.",
        "W-PASSES-ON/unnamed": "The contact point of %(state)s does not do this itself; it passes it on. That takes time.",
        "W-NOT-AVAILABLE": "%(state)s says that this help is not available from its contact point. Use another channel, or telephone.",
        "N-DECIDES": "This is decided there by: %(name)s (telephone %(telephone)s).",
        "N-DECIDES/itself": "The contact point of %(state)s is itself the authority that decides this.",
        "W-DECIDES/unnamed": "The card of %(state)s does not name the authority that decides this. Ask before you rely on a time.",
        "W-NO-BASIS": "%(state)s does not take the Convention as legal basis for this. Name the treaty between both States.",
        "W-DIPLOMATIC": "%(state)s asks that such requests also go through the diplomatic channel.",
        "W-RESERVATION": "%(state)s holds the reservation that Article %(paragraph)s permits: it may refuse this.",
        "W-DUAL-CRIMINALITY": "%(state)s helps only if the conduct is an offence there too. State the conduct fully, not only the code.",
        "N-DUAL-CRIMINALITY": "%(state)s may decline where the conduct is no offence there. State the conduct fully.",
        "N-ORAL": "%(state)s accepts an urgent request by telephone; confirm it in writing forthwith.",
        "N-ORAL/hours": "%(state)s accepts an urgent request by telephone; confirm it in writing within %(hours)s hours.",
        "N-NO-ORAL": "%(state)s accepts no oral requests: only what is written counts.",
        "N-ORDER": "A domestic order there lasts up to %(days)s days and can be renewed. It is made by: %(by)s.",
        "N-ORDER/once": "A domestic order there lasts up to %(days)s days and cannot be renewed. It is made by: %(by)s.",
        "W-USER-NOTICE": (
            "Secrecy is asked, but the law of %(state)s makes the provider tell the user. Expect a warning under Article 42(7)."
        ),
        "W-USER-NOTICE/delayed": (
            "Secrecy is asked, but the law of %(state)s makes the provider tell the user later. Expect a warning under Article 42(7)."
        ),
        "W-USER-NOTICE/days": (
            "Secrecy is asked, but the law of %(state)s makes the provider tell the user after %(days)s days. Expect a warning under"
            " Article 42(7)."
        ),
        "N-JUDGE": "In %(state)s a judge must order this for: %(classes)s.",
        "N-EMERGENCY-MINIMUM": "What %(state)s needs at least in an emergency: %(minimum)s",
        "N-OWN-OFFENCE": "In %(state)s %(code)s is: %(name)s, %(provision)s, maximum %(years)s years.",
        "W-OWN-PENALTY": (
            "In %(state)s %(code)s is: %(name)s, %(provision)s, maximum %(years)s years. That is no serious crime there (Article 2(h))."
        ),
        "N-NO-INTERPOL": "%(state)s does not take urgent requests of this kind through INTERPOL.",
        "W-SAME-MATTER/channel": "The same matter also went through: %(channels)s. Give the references, so that both are seen as one.",
        "W-SAME-MATTER/reference": "Your desk has written to %(state)s with the same case reference (%(kind)s). Is this the same matter?",
        "W-SAME-MATTER/custodian": "Your desk has asked %(state)s about the same account or system (%(kind)s). Is this the same matter?",
    }
)
