# The Gateway, over what dotnet publish made. The context is artifacts/publish; docs/operating.md has the commands.
# RUNTIME has no default, as which registry an image comes from is yours to say: an image with the ASP.NET Core 10
# runtime and a shell.
ARG RUNTIME
FROM ${RUNTIME}

RUN mkdir -p /data && chown 1654:1654 /data
COPY Gateway/release/ /app/

WORKDIR /app
USER 1654:1654
VOLUME /data
ENV ASPNETCORE_URLS=http://+:8080 \
    Store__Folder=/data \
    Tokens__AdminFile=/data/admin-token
ENTRYPOINT ["/app/Builds.Gateway"]
