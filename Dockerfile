# One image for both programs: `contactpoint` and `directory`. Build: docker build -t contactpoint .
FROM python:3.13-slim-bookworm AS built
WORKDIR /src
RUN python -m venv /opt/contactpoint
COPY requirements.lock ./
RUN /opt/contactpoint/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY contactpoint contactpoint
COPY directory directory
COPY keys keys
RUN /opt/contactpoint/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10041 --home-dir /var/lib/contactpoint --create-home contactpoint \
 && chmod 0700 /var/lib/contactpoint
COPY --from=built /opt/contactpoint /opt/contactpoint
ENV PATH=/opt/contactpoint/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER contactpoint
WORKDIR /var/lib/contactpoint
VOLUME /var/lib/contactpoint
ENTRYPOINT []
CMD ["contactpoint", "serve"]
