// A start that takes long is told: 503 with Retry-After to programs and to people, and what it is at by doctor; then the service is there by itself.
// The keeper is held still, so that the start takes as long as this test wants.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, until } from '../e2e/lib.mjs';
import { members, paper, papersCharter } from './lib.mjs';

const charter = papersCharter();
const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')] });
before(() => sejf.start());
after(async () => { await sejf.remove(); fs.rmSync(charter, { recursive: true }); });

test('a long start answers 503 until it is done', { timeout: 300000 }, async () => {
  const token = sejf.token('papers', sejf.tenant('papers'), 'owner');
  const made = await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(1) } });
  assert.equal(made.status, 201, made.text);
  const { keeper, server } = members(sejf);
  process.kill(keeper, 'SIGSTOP');
  try {
    process.kill(server, 'SIGKILL');
    const told = await until('503 from the start', async () => {
      const r = await sejf.call('GET', `/v1/papers/paper/${made.json.id}`, { token });
      return r.status === 503 ? r : null;                     // 502 while no server listens
    }, 90000);
    assert.equal(told.headers['retry-after'], '10');
    assert.match(told.headers['content-type'], /problem\+json/);
    assert.equal(told.json.status, 503);
    const page = await sejf.call('GET', '/s/papers', { headers: { accept: 'text/html,application/xhtml+xml', 'accept-language': 'pl' } });
    assert.equal(page.status, 503);
    assert.match(page.text, /<html lang=pl>[\s\S]*Niedługo wracamy/);
    assert.match(page.headers['content-security-policy'], /style-src 'sha256-[^']{44}'[\s\S]*frame-ancestors 'none'/);
    const large = await sejf.call('POST', '/v1/papers/paper/import', { token, type: 'application/x-ndjson', body: Buffer.alloc(3000000, 32) });
    assert.equal(large.status, 503, large.text);
    const d = await sejf.runAsync(['doctor']);
    assert.match(d.stdout, /the server is starting/);
    assert.doesNotMatch(d.stdout, /BAD\s+(keyring|data|ledger)/);
  } finally {
    process.kill(keeper, 'SIGCONT');
  }
  await until('the service to be there by itself', async () => (await sejf.call('GET', `/v1/papers/paper/${made.json.id}`, { token })).status === 200, 90000);
});

test('a refusal of the front is a page for people, in their language, and a problem document for programs', { timeout: 200000 }, async () => {
  const seen = {};
  const ask = async (name, target, headers) => { const r = await sejf.call('GET', target, { headers }); if (r.status === 429) seen[name] = r; };
  const html = 'text/html,application/xhtml+xml';
  await until('the front to refuse', async () => {
    await Promise.all(Array.from({ length: 240 }, (_, i) => [
      () => ask('hu', '/f/papers/none/1', { accept: html, 'accept-language': 'hu-HU,hu;q=0.9,en;q=0.5' }),
      () => ask('pl', '/f/papers/none/1?lang=pl', { accept: html, 'accept-language': 'hu' }),
      () => ask('en', '/p/papers/none', { accept: html, 'accept-language': 'de' }),
      () => ask('api', '/p/papers/none', { accept: '*/*' }),
    ][i % 4]()));
    return Object.keys(seen).length === 4;
  }, 120000);
  for (const [lang, words] of [['hu', /Egy kis türelmet/], ['pl', /Chwileczkę/], ['en', /One moment, please/]]) {
    assert.match(seen[lang].headers['content-type'], /^text\/html; charset=utf-8/);
    assert.match(seen[lang].text, new RegExp(`^<!DOCTYPE html><html lang=${lang}>`));
    assert.match(seen[lang].text, words);
    const style = seen[lang].text.match(/<style>(.*)<\/style>/)[1];
    const hash = crypto.createHash('sha256').update(style).digest('base64');
    assert.ok(seen[lang].headers['content-security-policy'].includes(`style-src 'sha256-${hash}'`), 'its style works');
    assert.match(seen[lang].headers['strict-transport-security'], /max-age/);
  }
  assert.match(seen.api.headers['content-type'], /^application\/problem\+json/);
  assert.equal(seen.api.json.status, 429);
});
