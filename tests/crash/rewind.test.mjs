// The database put back from another time while the keyring stays: told at the start, before anything is written, by log, verify and doctor.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, until } from '../e2e/lib.mjs';
import { paper, papersCharter } from './lib.mjs';

const charter = papersCharter();
const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')] });
const at = (...p) => path.join(sejf.data, ...p);
let token;

before(async () => {
  await sejf.start();
  token = sejf.token('papers', sejf.tenant('papers'), 'owner');
});
after(async () => { await sejf.remove(); fs.rmSync(charter, { recursive: true }); });

const make = async (i) => assert.equal((await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(i) } })).status, 201);

test('a database from another time is told at the start', { timeout: 120000 }, async () => {
  for (let i = 0; i < 20; i++) await make(i);
  await sejf.stop();
  const old = fs.readFileSync(at('store/records.db'));
  await sejf.start();
  for (let i = 20; i < 40; i++) await make(i);
  await sejf.stop();
  const fd = fs.openSync(at('store/records.db'), 'r+');
  fs.ftruncateSync(fd, 0);
  fs.writeSync(fd, old, 0, old.length, 0);
  fs.closeSync(fd);
  fs.writeFileSync(at('log/sejf.log'), '');
  await sejf.start();
  await until('the log to tell it', () => /job_failed[^\n]*chain \d+, entry \d+[^\n]*put back from another time/.test(fs.readFileSync(at('log/sejf.log'), 'utf8')), 30000);
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 35, v.stdout + v.stderr);
  const d = await sejf.runAsync(['doctor']);
  assert.notEqual(d.status, 0);
  assert.match(d.stdout, /BAD\s+ledger/);
});
