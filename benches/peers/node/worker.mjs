// The peers in JavaScript: one for each process, named by the argument. The protocol is that of
// src/protocol.rs: a JSON object a line, and an answer a line.

import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { createPublicKey } from 'node:crypto'

const require = createRequire(import.meta.url)

// Each gives a function from the settings to an async function that throws at a bad token.
const peers = {
  'aws-jwt-verify': awsJwtVerify,
  jose,
  'fast-jwt': settings => fastJwt(settings, false),
  'fast-jwt-cache': settings => fastJwt(settings, true),
  'fast-jwt-pem': settings => fastJwtByPem(settings, false),
  'fast-jwt-pem-cache': settings => fastJwtByPem(settings, true)
}

// Keys are loaded before the first token, as its documentation shows. Its own fetcher speaks HTTPS
// alone, so the server on loopback is asked by `fetch`.
async function awsJwtVerify({ issuer, audience, jwks_url, scope }) {
  const { JwtVerifier } = await import('aws-jwt-verify')
  const { SimpleJwksCache } = await import('aws-jwt-verify/jwk')
  const fetcher = { fetch: async uri => (await fetch(uri)).arrayBuffer() }
  const verifier = JwtVerifier.create(
    { issuer, audience, jwksUri: jwks_url, scope },
    { jwksCache: new SimpleJwksCache({ fetcher }) }
  )
  await verifier.hydrate()
  return token => verifier.verify(token)
}

async function jose({ issuer, audience, jwks_url, scope }) {
  const { createRemoteJWKSet, jwtVerify } = await import('jose')
  const keys = createRemoteJWKSet(new URL(jwks_url))
  const options = { issuer, audience, requiredClaims: ['exp'] }
  return async token => {
    const { payload } = await jwtVerify(token, keys, options)
    requireScope(payload, scope)
  }
}

// Its documentation leaves JWK Sets to get-jwks.
async function fastJwt({ issuer, audience, jwks_url, scope }, cache) {
  const { createVerifier } = require('fast-jwt')
  const buildGetJwks = require('get-jwks')
  const { origin, pathname } = new URL(jwks_url)
  const getJwks = buildGetJwks({ issuersWhitelist: [origin + '/'], jwksPath: pathname })
  const verify = createVerifier({
    key: ({ header: { kid, alg } }) => getJwks.getPublicKey({ kid, alg, domain: origin }),
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['exp', 'iss', 'aud'],
    cache
  })
  return async token => requireScope(await verify(token), scope)
}

// The program fetches the keys once, and has a verifier for each: a key that is given as PEM is
// prepared once, and not for each token.
async function fastJwtByPem({ issuer, audience, jwks_url, scope }, cache) {
  const { createVerifier } = require('fast-jwt')
  const { keys } = await (await fetch(jwks_url)).json()
  const verifiers = new Map(
    keys.map(jwk => {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const verify = createVerifier({
        key: key.export({ type: 'spki', format: 'pem' }),
        algorithms: [jwk.alg],
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['exp', 'iss', 'aud'],
        cache
      })
      return [jwk.kid, verify]
    })
  )
  return async token => {
    const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url')
    const verify = verifiers.get(JSON.parse(header).kid)
    requireScope(verify(token), scope)
  }
}

function requireScope({ scope }, required) {
  if (typeof scope !== 'string' || !scope.split(' ').includes(required)) {
    throw new Error('no such scope')
  }
}

let check
const cases = new Map()

const commands = {
  async start({ settings }) {
    check = undefined
    check = await peers[process.argv[2]](settings)
    return {}
  },

  async load({ case: name, tokens }) {
    cases.set(name, { tokens, next: 0 })
    return {}
  },

  async time({ case: name, warm_up, calls }) {
    const each = cases.get(name)
    const { tokens } = each
    let { next } = each
    let accepted = 0
    let started = process.hrtime.bigint()
    for (let call = -warm_up; call < calls; call++) {
      if (call === 0) {
        accepted = 0
        started = process.hrtime.bigint()
      }
      try {
        await check(tokens[next])
        accepted++
      } catch {
        // Refused.
      }
      next = next + 1 === tokens.length ? 0 : next + 1
    }
    const ns = Number(process.hrtime.bigint() - started)
    each.next = next
    return { ns, accepted }
  },

  // V8 has no count.
  async count() {
    return { allocations: null }
  },

  async judge({ token }) {
    try {
      await check(token)
      return { accepted: true }
    } catch (error) {
      return { accepted: false, reason: String(error?.message ?? error) }
    }
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer
  try {
    const { do: command, ...rest } = JSON.parse(line)
    answer = await commands[command](rest)
  } catch (error) {
    answer = { error: String(error?.message ?? error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
