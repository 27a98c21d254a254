// An OpenID provider for the tests: node op.mjs [--port N] [--keys FILE] [--ttl SECONDS]
//
// Prints one line of JSON, {"issuer": …}, once it listens, and then nothing. Port 0 (the default) takes a free one.
// Client svc / svc-secret, grant client_credentials, scopes read, write, admin; the resource picks the token's algorithm:
//   curl -u svc:svc-secret -d grant_type=client_credentials -d scope=read -d resource=https://api.example/es256 ISSUER/token
// The grant urn:tests:refresh of the same client gives a refresh token of alice, and nothing else.
// Rotation: remove or replace the keys file and start again on the same port. Every fresh set has new key ids.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.OP_PORT ?? '0' },
    keys: { type: 'string', default: process.env.OP_KEYS },
    ttl: { type: 'string', default: process.env.OP_TTL ?? '600' },
  },
});
const ttl = Number(args.ttl);

// The library warns about old runtimes and development settings; a test reads our output.
console.info = console.warn = () => {};
const packages = createRequire(new URL('../../.tools/node/', import.meta.url));
const { Provider, errors } = await import(pathToFileURL(packages.resolve('oidc-provider')));

const generators = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

function freshKeys() {
  const set = randomBytes(4).toString('hex');
  return Object.entries(generators).map(([alg, generate]) => ({
    ...generate().privateKey.export({ format: 'jwk' }),
    kid: `${alg}-${set}`.toLowerCase(),
    alg,
    use: 'sig',
  }));
}

function loadKeys(file) {
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const keys = freshKeys();
  if (file) writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

const resources = Object.fromEntries(
  Object.keys(generators).map((alg) => [`https://api.example/${alg.toLowerCase()}`, alg]),
);

const refreshGrant = 'urn:tests:refresh';

// A log-in by a browser would end with the same token.
async function giveRefreshToken(ctx) {
  const { client, provider } = ctx.oidc;
  const user = { client, accountId: 'alice' };
  const grantId = await new provider.Grant({ clientId: client.clientId, accountId: 'alice' }).save();
  const token = new provider.RefreshToken({ ...user, grantId, gty: refreshGrant, scope: 'read' });
  ctx.body = { refresh_token: await token.save() };
}

function configuration() {
  return {
    jwks: { keys: loadKeys(args.keys) },
    clients: [{
      client_id: 'svc',
      client_secret: 'svc-secret',
      grant_types: ['client_credentials', refreshGrant],
      response_types: [],
      redirect_uris: [],
      scope: 'read write admin',
    }, {
      // A resource server, which gets signed answers about tokens.
      client_id: 'rs',
      client_secret: 'rs-secret',
      grant_types: [],
      response_types: [],
      redirect_uris: [],
      introspection_signed_response_alg: 'ES256',
    }],
    scopes: ['read', 'write', 'admin', 'offline_access'], // the last turns refresh tokens on
    extraTokenClaims: () => ({ tenant: 'acme', roles: ['reader', 'writer'] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://api.example/rs256',
        useGrantedResource: () => true,
        getResourceServerInfo(ctx, resource) {
          if (resource === 'https://api.example/opaque') {
            return { audience: resource, scope: 'read write admin', accessTokenFormat: 'opaque', accessTokenTTL: ttl };
          }
          const alg = resources[resource];
          if (!alg) throw new errors.InvalidTarget();
          return {
            audience: resource,
            scope: 'read write admin',
            accessTokenFormat: 'jwt',
            accessTokenTTL: ttl,
            jwt: { sign: { alg } },
          };
        },
      },
    },
    ttl: { ClientCredentials: ttl, Grant: ttl, RefreshToken: ttl },
  };
}

// The issuer contains the port, so listen first and build the provider for the port that we got.
const server = createServer();
server.listen(Number(args.port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  provider.registerGrantType(refreshGrant, giveRefreshToken, []);
  provider.on('server_error', (ctx, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer }));
});
