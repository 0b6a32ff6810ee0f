// Five services from one binary: every rule that is obeyed is proved on each, and prove says so.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, services } from './lib.mjs';

const sejf = new Instance({ relay: true });
before(() => sejf.start());
after(() => sejf.remove());

for (const service of services)
  test(`prove ${service}`, async () => {
    const r = await sejf.runAsync(['prove', service, '--json', '--all']);
    const out = JSON.parse(r.stdout);
    assert.deepEqual(out.rules.filter((p) => !p.kept).map((p) => `${p.rule}: ${p.detail}`), []);
    assert.deepEqual(out.promises.filter((p) => p.state === 'broken').map((p) => p.path), []);
    assert.equal(r.status, 0, r.stderr);
    assert.ok(out.rules.length >= 28, `${out.rules.length} rules were tried`);
  });

test('prove for people names each promise with its state', async () => {
  const r = await sejf.runAsync(['prove', 'bookings']);
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /kept/);
  assert.match(r.stdout, /not kept yet/);
  assert.match(r.stdout, /A-\d\d/);
});

test('the ledger verifies, exports, and the export verifies offline', async () => {
  assert.equal((await sejf.runAsync(['ledger', 'verify'])).status, 0);
  const out = await sejf.runAsync(['ledger', 'export']);
  assert.equal(out.status, 0, out.stderr);
  const { writeFileSync } = await import('node:fs');
  const file = `${sejf.data}/ledger.ndjson`;
  writeFileSync(file, out.stdout);
  assert.equal((await sejf.runAsync(['ledger', 'verify', file])).status, 0);
  const lines = out.stdout.split('\n');
  const at = lines.findIndex((l) => l.includes('promise_proved'));
  lines[at] = lines[at].replace('promise_proved', 'promise_broken');
  writeFileSync(file, lines.join('\n'));
  assert.notEqual((await sejf.runAsync(['ledger', 'verify', file])).status, 0, 'an altered entry verifies');
});
