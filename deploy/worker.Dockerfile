# A Worker, over what dotnet publish made. The context is artifacts/publish; docs/operating.md has the commands.
# RUNTIME has no default, as which registry an image comes from is yours to say: an image with the ASP.NET Core 10
# runtime, a shell, prlimit and setsid; with ssh for git over SSH, and docker-machine where that makes the machines.
ARG RUNTIME
FROM ${RUNTIME}

RUN mkdir -p /data
COPY Worker/release/ /app/

# as root: the socket of a daemon belongs to it, and whoever has that socket is root on its host all the same
WORKDIR /app
VOLUME /data
ENV ASPNETCORE_URLS=http://+:8080 \
    Worker__Folder=/data
ENTRYPOINT ["/app/Builds.Worker"]
