// Forges ML-DSA tokens with the keys of the authorization server, for the tests of this folder. It
// needs Node 24.7 or later.
//
// Settings:
//   keys     the private keys of the server
//   tokens   tokens of the server that are signed with ML-DSA
//
// It prints { forgeries: [{ kind, name, token }] } when it is ready. The kinds are listed in
// src/authorization_server.rs.

import { answerCommands, settings } from './harness.mjs';

import { createPrivateKey, sign } from 'node:crypto';

const KEYS = settings.keys.filter(({ kty }) => kty === 'AKP');

function encode(text) {
  return Buffer.from(text).toString('base64url');
}

// By node itself, as jose signs with no key that isn't of the algorithm in the header.
function signed(header, payload, jwk, context) {
  const message = `${encode(JSON.stringify(header))}.${payload}`;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const signature = sign(null, Buffer.from(message), { key, context });
  return `${message}.${signature.toString('base64url')}`;
}

function forgeriesOf(token) {
  const [start, payload] = token.split('.');
  const header = JSON.parse(Buffer.from(start, 'base64url'));
  const key = KEYS.find(({ kid }) => kid === header.kid);
  const forgery = (kind, changes, context) => ({
    kind,
    name: `${JSON.stringify({ ...header, ...changes })} by ${key.kid}`,
    token: signed({ ...header, ...changes }, payload, key, context),
  });
  const others = KEYS.filter(({ alg }) => alg !== key.alg);
  return [
    forgery('faultless', {}),
    ...others.map(({ alg }) => forgery('otherAlgorithm', { alg })),
    ...others.map(({ alg, kid }) => forgery('otherKey', { alg, kid })),
    forgery('context', {}, Buffer.from('JOSE')),
  ];
}

answerCommands({ forgeries: settings.tokens.flatMap(forgeriesOf) }, {});
