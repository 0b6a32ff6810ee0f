// Each rule that is obeyed is switched off by name in the mutation build; the probe of that rule must then turn red on
// at least one of the services that it serves, and stay green with all rules on (03-prove).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { Instance, root, services } from './lib.mjs';

const binary = process.env.SEJF_MUTATION_BINARY || path.join(root, '.local/mutation/src/prog/sejf');
const listing = new Instance({ binary }).run(['rules', '--json']);
const rules = JSON.parse(listing.stdout).rules.filter((r) => r.state === 'obeyed').map((r) => r.name);
const homes = { erasure_notice: ['events'], authorised_only: ['bookings'], authorised_register: ['bookings'], sees_own: ['events', 'bookings'], limits_no_overlap: ['bookings'], sees_relations: ['courier', 'machines'], plain_http_refused: ['events'], tls_floor: ['events'],
  access_levels: ['events'], policy_versions: ['machines'], consent_again: ['machines'], window_needed: ['events'], purpose_bound: ['events'],
  sms_countries: ['courier'], sms_spend: ['courier'], sms_exceptions: ['courier'], sms_minimal: ['bookings'] };
homes.leaves_declared = ['events'];
homes.mail_untracked = ['events'];
homes.process_apart = ['mail'];
// A rule that no charter of the project speaks of, for it needs code of one's own.
const special = { asked_first: () => {
  const charter = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-')), 'events.yaml');
  fs.writeFileSync(charter, fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8').replace('\n    form: register,', '\n    ask: stock before create, within 200 ms\n    form: register,'));
  return { charter, yaml: `askers:\n  stock: {socket: /nonexistent/ask.sock, user: ${os.userInfo().username}}\n` };
} };
let red = 0;

for (const rule of rules)
  test(`without ${rule} its probe is red`, { timeout: 90000 }, async () => {
    const own = special[rule] && special[rule]();
    const sejf = new Instance({ binary, charters: own ? [own.charter] : homes[rule] || services, env: { SEJF_RULE_OFF: rule }, relay: ['erasure_notice', 'process_apart'].includes(rule) });
    try {
      if (own) {
        await sejf.init();
        fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), own.yaml);
      }
      await sejf.start();
      let seen = '';
      for (const service of own ? ['events'] : homes[rule] || ['events', ...services.filter((s) => s !== 'events')]) {
        const r = await sejf.runAsync(['prove', service, '--json', '--rule', rule]);
        const found = JSON.parse(r.stdout).rules.find((x) => x.rule === rule);
        seen += `${service}: ${found ? found.detail : r.stderr}\n`;
        if (found && !found.kept && !found.detail.startsWith('could not be tried')) { assert.equal(r.status, 1); red++; return; }
      }
      assert.fail(`still green: ${seen}`);
    } finally {
      await sejf.remove();
      if (own) fs.rmSync(path.dirname(own.charter), { recursive: true, force: true });
    }
  });

after(() => console.log(`# mutation of rules: ${red} of ${rules.length} probes turn red`));
