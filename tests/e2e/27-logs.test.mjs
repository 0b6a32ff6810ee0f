// Log lines go after the time that the charters declare: the shortest of them, at the start and while sejf runs, whatever writes beside it; torn and
// foreign lines go with their neighbours. The age of the oldest line is a gauge.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, until } from './lib.mjs';

let sejf, log;
const DAY = 86400e3, line = (days, event) => `${JSON.stringify({ time: new Date(Date.now() - days * DAY).toISOString(), level: 'info', process: 'server', event })}\n`;
const text = () => fs.readFileSync(log, 'utf8');
// By the socket, as a monitor on the same machine asks.
const metrics = () => new Promise((done, fail) => {
  http.get({ socketPath: path.join(sejf.data, 'run', 'http.sock'), path: '/metrics' }, (res) => { let all = ''; res.on('data', (d) => { all += d; }); res.on('end', () => done(all)); }).on('error', fail);
});
const oldest = async () => Number((await metrics()).match(/^sejf_log_oldest_seconds (\d+)$/m)?.[1] ?? -1);

before(async () => {
  sejf = new Instance({ charters: ['events'] });           // logs: kept 30 days
  await sejf.init();
  log = path.join(sejf.data, 'log', 'sejf.log');
  fs.mkdirSync(path.dirname(log), { recursive: true, mode: 0o700 });
}, { timeout: 60000 });
after(() => sejf && sejf.remove());

test('the start purges what was left from before', { timeout: 120000 }, async () => {
  fs.writeFileSync(log, `torn":1}\n${line(400, 'ancient')}a foreign line\n${line(31, 'too_old')}${line(29, 'young')}another foreign line\n`, { mode: 0o640 });
  fs.writeFileSync(`${log}.1`, line(50, 'rotated'), { mode: 0o640 });
  await sejf.start();
  await until('old lines to go', () => !/ancient|too_old|torn|a foreign line/.test(text()), 60000, 100);
  assert.match(text(), /"young"[^]*another foreign line[^]*"log_purged","lines":5/);
  await until('the rotated file to go', () => !fs.existsSync(`${log}.1`), 60000, 100);
  for (const l of text().split('\n')) if (l.startsWith('{')) JSON.parse(l);
  await until('the gauge to tell', async () => (await oldest()) >= 29 * 86400 - 60, 60000, 300);
  assert.ok(await oldest() <= 30 * 86400);
});

test('while it runs, somebody may ask for a look, and no line of those who write is lost', { timeout: 120000 }, async () => {
  fs.appendFileSync(log, line(45, 'late_comer').repeat(5000));
  const asked = Array.from({ length: 40 }, () => sejf.call('GET', '/healthz'));
  process.kill(sejf.child.pid, 'SIGUSR1');
  assert.ok((await Promise.all(asked)).every((r) => r.status === 200));
  await until('late lines to go', () => !text().includes('late_comer'), 60000, 100);
  assert.match(text(), /"log_purged"/);
  assert.ok(text().includes('"started"') && text().includes('"young"'));
});

test('prove tries it, and doctor tells', { timeout: 120000 }, async () => {
  const r = await sejf.runAsync(['prove', 'events', '--json', '--rule', 'logs_purged']);
  const found = JSON.parse(r.stdout).rules.find((x) => x.rule === 'logs_purged');
  assert.equal(found.kept, true, found.detail);
  assert.match(found.detail, /a line that was a day too old went; the oldest line is \d+ hours old, and 30 days are declared/);
  assert.ok(!text().includes('probe_old_line'));
  assert.match((await sejf.runAsync(['doctor'])).stdout, /ok {2}log +the oldest line is \d+ hours old/);
});

test('what goes to standard error is not kept, and it says so', { timeout: 120000 }, async () => {
  await sejf.stop();
  const settings = path.join(sejf.data, 'sejf.yaml');
  fs.writeFileSync(settings, `${fs.readFileSync(settings, 'utf8').replace(/^#? *log:.*$/m, '')}\nlog: stderr\n`);
  await sejf.start();
  const r = await sejf.runAsync(['prove', 'events', '--json', '--rule', 'logs_purged']);
  const found = JSON.parse(r.stdout).rules.find((x) => x.rule === 'logs_purged');
  assert.equal(found.kept, false);
  assert.match(found.detail, /standard error[^]*MaxRetentionSec/);
  assert.match((await sejf.runAsync(['doctor'])).stdout, /note {2}log +log lines go to standard error[^]*MaxRetentionSec/);
  assert.ok(!(await metrics()).includes('sejf_log_oldest_seconds'));
});
