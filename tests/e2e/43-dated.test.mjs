// 43-dated: what a charter promises for a day. `check` is quiet until 60 days before and says it from then on; on the day itself it is due later, the day after it is overdue: on
// the public page, in JSON and in `sejf prove`. Time is moved by libfaketime.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance, root } from './lib.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const by = /^promised_for:\n(?:.*\n)*?    by: (\S+)$/m.exec(fs.readFileSync(path.join(root, 'charters/mail.yaml'), 'utf8'))[1];
// Noon in UTC so many days from that day: the same day by the clock of the charter.
const noon = (days) => new Date(Date.parse(`${by}T12:00:00Z`) + days * 86400e3);
const moved = (days) => { const s = Math.round((noon(days) - Date.now()) / 1000); return `${s >= 0 ? '+' : ''}${s}`; };
const sejf = new Instance({ charters: ['mail'], env: { LD_PRELOAD: library, FAKETIME: '+0', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' } });
after(() => sejf.remove());

test('check says it from 60 days before, and a trap when the day has passed', () => {
  assert.ok(library, 'libfaketime is installed');
  const check = (days) => {
    const r = sejf.run(['check', path.join(root, 'charters/mail.yaml')], { env: { FAKETIME: moved(days) } });
    return (r.stdout + r.stderr).split('\n').filter((l) => l.includes(by) && /promised for/.test(l)).join('\n');
  };
  for (const days of [-200, -61]) assert.equal(check(days), '', `${days} days`);
  for (const days of [-60, -59, -1, 0]) assert.match(check(days), new RegExp(`this is promised for ${by}, in ${-days} days: keep it by then`), `${days} days`);
  for (const days of [1, 30]) assert.match(check(days), new RegExp(`this was promised for ${by}, which has passed`), `${days} days`);
});

const promised = (list) => list.find((l) => l.path.startsWith('promised_for'));
async function shown(days) {
  await sejf.stop();
  sejf.env.FAKETIME = moved(days);
  sejf.agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });      // its certificate is made under the moved clock, which is not ours
  await sejf.start();
  const [page, json, overdue] = await Promise.all(['/s/mail?lang=en', '/s/mail.json', '/s/mail?lang=en&show=overdue'].map((at) => sejf.call('GET', at)));
  for (const r of [page, json, overdue]) assert.equal(r.status, 200, r.text);
  return { page: page.text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '), line: promised(json.json.promises), overdue: overdue.text };
}

test('on its day it is due later, on the next one overdue', { timeout: 240000 }, async () => {
  const due = await shown(0);
  assert.deepEqual([due.line.state, due.line.until], ['due later', by]);
  assert.match(due.page, /due later by 30 June 2027 /);
  assert.doesNotMatch(due.overdue, /masking of the domain/);
  const over = await shown(1);
  assert.deepEqual([over.line.state, over.line.until], ['overdue', by]);
  assert.match(over.page, /overdue by 30 June 2027 /);
  assert.match(over.overdue, /masking of the domain/);
  const proved = await sejf.runAsync(['prove', 'mail', '--rule', 'charter_dated']);
  assert.match(proved.stdout, /^ *\d+ +OVERDUE +promised_for\.0: masking of the domain in delivery/m);
  assert.match(proved.stdout, /^mail: .*\b1 overdue\b/m);
});
