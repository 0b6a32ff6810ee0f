// kill -9 of server, keeper, both, the workers of nginx, nginx, and the parent, at random moments while records and files are
// made, changed and erased; also while keys are renewed. Every acknowledged write must be there afterwards, nothing may be there by
// half, nothing erased may come back, and the service starts by itself. SEJF_KILLS: rounds (20 unless told).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';
import { Crowd, members, papersCharter, times } from './lib.mjs';

const rounds = Number(process.env.SEJF_KILLS || 20);
const victims = [['server'], ['keeper'], ['server', 'keeper'], ['workers'], ['server'], ['keeper'], ['keeper', 'server'], ['parent'], ['server', 'keeper'], ['nginx']];
const charter = papersCharter();
const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')] });
const took = {};
let crowd;

before(async () => {
  await sejf.start();
  crowd = new Crowd(sejf, sejf.token('papers', sejf.tenant('papers'), 'owner'));
});
after(async () => { await sejf.remove(); fs.rmSync(charter, { recursive: true }); });

const answers = async () => {
  const r = await sejf.call('GET', '/readyz', { timeout: 5000 });
  return r.status === 200;
};

async function kill(which, round) {
  const now = members(sejf);
  for (const w of which) {
    const list = w === 'parent' ? [sejf.child.pid] : w === 'workers' ? now.workers : [now[w]];
    assert.ok(list.length > 0 && list.every(Boolean), `round ${round}: no ${w} among ${JSON.stringify(now)}`);
    for (const pid of list) process.kill(pid, 'SIGKILL');
  }
}

// The parent is started anew by whoever started it (systemd); the others by the parent.
async function back(which, round) {
  const began = performance.now();
  if (which.includes('parent')) {
    await until(`round ${round}: the parent to end`, () => sejf.exited, 30000, 5);
    await sejf.start();
  }
  await until(`round ${round}: the service to answer again\n${sejf.output.slice(-1500)}`, answers, 60000, 10);
  (took[which.join(' and ')] ||= []).push(performance.now() - began);
}

test(`${rounds} kills under load`, { timeout: 7200000 }, async () => {
  for (let round = 0; round < rounds; round++) {
    const which = victims[round % victims.length];
    crowd.start();
    await sleep(50 + Math.random() * 400);
    if (round % 4 === 1) sejf.runAsync(['renew']).catch(() => {});
    if (round % 4 === 3) sejf.runAsync(['index', 'renew']).catch(() => {});
    await sleep(Math.random() * 60);
    await kill(which, round);
    await back(which, round);
    await crowd.stop();
    await crowd.checkSome(25, `round ${round}, after ${which.join(' and ')}`);
    if (round % 10 === 9) {
      const v = await sejf.runAsync(['ledger', 'verify']);
      assert.equal(v.status, 0, `round ${round}: ${v.stdout}${v.stderr}`);
    }
  }
});

test('afterwards all is there, found by what it is found by; the ledger verifies and doctor finds nothing', { timeout: 7200000 }, async (t) => {
  await crowd.checkAll('at the end');
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
  const renewed = await sejf.runAsync(['renew']);
  assert.equal(renewed.status, 0, renewed.stderr);
  await crowd.checkSome(200, 'after a renewal');
  const d = await sejf.runAsync(['doctor', '--json']);
  assert.equal(d.status, 0, d.stdout + d.stderr);
  const live = crowd.records.find((r) => !r.left);         // what is searched for is found while, and right after, the index key is renewed
  const renewing = sejf.runAsync(['index', 'renew']);
  let ended = false;
  renewing.then(() => { ended = true; });
  for (let left = 40; left > 0; left -= ended ? 1 : 0) {
    const r = await sejf.call('POST', '/v1/papers/paper/search', { token: crowd.token, body: { where: { mail: live.mail } } });
    assert.deepEqual(r.json.items.map((i) => i.id), [live.id], 'while the index key is renewed');
  }
  assert.equal((await renewing).status, 0);
  const c = crowd.counts;
  t.diagnostic(`${c.made} made, ${c.changed} changed, ${c.erased} erased, ${c.files} files; ${c.cut} calls without an answer`);
  for (const [which, list] of Object.entries(took)) t.diagnostic(`back after the end of ${which}: ${times(list)}`);
});
