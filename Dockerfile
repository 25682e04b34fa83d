# One image per program: docker build --target vault-management . (only what the classic builder knows, too)
FROM node:24-alpine3.22 AS build
WORKDIR /coffer
COPY . .
# For the native signer and the PKCS #11 binding; the compilers stay in this stage. The one of TypeScript comes as an optional package.
RUN apk add --no-cache g++
RUN npm ci && node node_modules/typescript7/bin/tsc -b tsconfig.build.json && \
    node tools/build-native.mjs --if-possible && rm -rf node_modules

# Production packages alone: the tools of the build and the embedded server stay behind, and what only a compiler reads.
FROM node:24-alpine3.22 AS packages
WORKDIR /coffer
COPY package.json package-lock.json .npmrc ./
COPY apps apps
COPY libs libs
RUN npm ci --omit=dev --omit=optional && \
    find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete

# Node alone, on the Alpine that it was built for: no package manager and no headers in what runs.
FROM alpine:3.22 AS base
RUN apk add --no-cache libstdc++
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
WORKDIR /coffer
ENV NODE_ENV=production COFFER_SETTINGS_FILE=/run/coffer/settings COFFER_DATA_DIR=/var/lib/coffer \
    COFFER_LISTEN=0.0.0.0 COFFER_GRPC_LISTEN=0.0.0.0 COFFER_INTERNAL_LISTEN=0.0.0.0
# Volumes take over the owner of these.
RUN mkdir -p /var/lib/coffer /run/coffer /state /out/vault-management /out/crypto-gateway /out/policy-engine \
      /out/audit-log /out/identity /out/edge /out/postgres /out/kafka /out/topics && chown -R 1000:1000 /var/lib/coffer /run/coffer /state /out
COPY --from=packages /coffer/node_modules node_modules
COPY --from=build /coffer/package.json package.json
COPY --from=build /coffer/libs libs
COPY --from=build /coffer/apps apps
COPY --from=build /coffer/tools/compose tools/compose
USER 1000:1000
ENTRYPOINT ["node"]

FROM base AS vault-management
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["node", "tools/compose/healthcheck.mjs"]
CMD ["apps/vault-management/dist/main.js"]

FROM base AS crypto-gateway
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["node", "tools/compose/healthcheck.mjs"]
CMD ["apps/crypto-gateway/dist/main.js"]

FROM base AS policy-engine
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["node", "tools/compose/healthcheck.mjs"]
CMD ["apps/policy-engine/dist/main.js"]

FROM base AS audit-log
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["node", "tools/compose/healthcheck.mjs"]
CMD ["apps/audit-log/dist/main.js"]

FROM base AS identity
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["node", "tools/compose/healthcheck.mjs"]
CMD ["apps/identity/dist/main.js"]

# coffer-admin: what is run once.
FROM base AS cli
ENV COFFER_SETTINGS_FILE=
ENTRYPOINT ["node", "apps/cli/dist/main.js"]

FROM nginx:1.28-alpine-slim AS edge
USER 1000:1000
HEALTHCHECK --interval=5s --timeout=3s --retries=24 CMD ["nc", "-z", "127.0.0.1", "8443"]
ENTRYPOINT ["nginx", "-e", "stderr", "-c", "/run/coffer/nginx.conf"]
