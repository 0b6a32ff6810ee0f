// 35-templates: texts of messages in three languages, looked at and sent; whatever a person has for a name stays text wherever it stands; letters are
// signed, and somebody else's program says that the signature holds.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Instance, root, until } from './lib.mjs';
import { Sink } from './sink.mjs';

const cleanup = [];
after(async () => { for (const fn of cleanup.reverse()) await fn(); });

const texts = {
  pl: { subject: 'Do zobaczenia: {{event.title}}', text: '# Dzień dobry {{name}}\nZaczynamy **{{event.starts}}**. Twój stan: {{status}}.\n\n[Twoje zgłoszenie]({{link}})\n\nNie chcesz takich listów? {{unsubscribe}}' },
  en: { subject: 'See you: {{event.title}}', text: '# Hello {{name}}\nWe begin **{{event.starts}}**. You are {{status}}.\n\n- bring {{name}}\n- come early\n\n[Your registration]({{link}})' },
  hu: { subject: 'Viszlát: {{event.title}}', text: '# Kedves {{name}}!\nKezdés: {{event.starts}}.\n\n[Jelentkezés]({{link}})' },
};
const hostile = '"><script>alert(1)</script> {{link}} **b** [a](https://evil.example)';

// A program beside this one, which goes on serving: the sink stands in it.
const program = (name, args, { input = '', cwd, env } = {}) => new Promise((done) => {
  const child = spawn(name, args, { cwd, env: env || process.env }), out = [];
  let stderr = '';
  child.stdout.on('data', (d) => out.push(d));
  child.stderr.on('data', (d) => { stderr += d; });
  child.stdin.on('error', () => {});
  child.on('close', (status) => { const raw = Buffer.concat(out); done({ status, raw, stdout: raw.toString('utf8'), stderr }); });
  child.stdin.end(input);
});

// Debian's verifier of signatures, with the one record of ours for its name system.
const verifier = `
import sys, json, dkim
given = json.load(sys.stdin)
raw = given['raw'].encode('latin1')
look = lambda name, timeout=5: given['text'].encode() if name.decode().rstrip('.') == given['name'] else None
try:
  d = dkim.DKIM(raw)
  print(json.dumps({'ok': bool(d.verify(dnsfunc=look)), 'signed': [h.decode().lower() for h in d.include_headers]}))
except Exception as e:
  print(json.dumps({'ok': False, 'why': repr(e)}))`;
async function verify(record, raw) {
  const r = await program('/usr/bin/python3', ['-c', verifier], { input: JSON.stringify({ raw: raw.toString('latin1'), ...record }) });
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout);
}
// Python's own reader of messages: the parts by type.
const reader = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
json.dump({'defects': [repr(d) for p in m.walk() for d in p.defects], 'type': m.get_content_type(), 'subject': m['subject'],
  'parts': {p.get_content_type(): p.get_content() for p in m.walk() if not p.is_multipart()}}, sys.stdout)`;
async function parts(raw) {
  const r = await program('/usr/bin/python3', ['-c', reader], { input: raw });
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout);
}

describe('texts of messages', () => {
  let sejf, sink, token, record, event, person, door;
  const call = (method, tail, body, extra = {}) => sejf.call(method, `/v1/events/${tail}`, { token, body, ...extra });
  before(async () => {
    sink = await Sink.start({ tls: 'none' });
    cleanup.push(() => sink.stop());
    sejf = await new Instance({ charters: ['events'] }).init();
    cleanup.push(() => sejf.remove());
    const made = sejf.run(['dkim', 'make', '--domain', 'seats.example', '--selector', 's2026', '--out', path.join(sejf.data, 'dkim.pem'), '--json']);
    assert.equal(made.status, 0, made.stderr);
    record = JSON.parse(made.stdout);
    assert.equal(fs.statSync(path.join(sejf.data, 'dkim.pem')).mode & 0o777, 0o600);
    sink.install(sejf, { dkim: '{domain: seats.example, selector: s2026, key: file dkim.pem}' });
    await sejf.start();
    const tenant = sejf.tenant('events');
    token = sejf.token('events', tenant, 'organiser');
    door = sejf.token('events', tenant, 'door');
    event = (await call('POST', 'event', { fields: { title: 'Jesienny <targ> & "bal"', starts: '2027-06-03T12:05:00Z', ends: '2027-06-03T15:00:00Z', seats: 50 } })).json;
    person = (await call('POST', 'registration', { fields: { event: event.id, name: hostile, email: 'zofia@people.example' } })).json;
    assert.ok(person.id, JSON.stringify(person));
    const put = await call('PUT', 'templates/soon', { kind: 'registration', ...texts });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual([put.json.version, put.json.languages], [1, ['en', 'pl', 'hu']]);
  });

  test('mistakes are told with their place and how to mend them', async () => {
    const rows = [
      [{ pl: { subject: 'a', text: 'Dzień\ndobry {{nmae}}' } }, '/pl/text', 'line 2, column 7: there is no value "nmae"; is {{name}} meant?'],
      [{ pl: { subject: 'a', text: '[x](http://seats.example)' } }, '/pl/text', /line 1, column 5: a link leads to https/],
      [{ pl: { subject: 'a\nBcc: x@y.example', text: 'x' } }, '/pl/subject', 'line 2, column 1: a subject is one line'],
      [{ pl: { subject: '{{link}}', text: 'x' } }, '/pl/subject', /no value "link"/],
      [{ pl: { subject: 'a', text: '**x' } }, '/pl/text', /\*\* is not closed/],
      [{ de: { subject: 'a', text: 'x' } }, '/de', 'a language is one of en, pl, hu'],
    ];
    for (const [body, at, text] of rows) {
      const r = await call('PUT', 'templates/bad', { kind: 'registration', ...body });
      assert.equal(r.status, 422, r.text);
      const one = r.json.errors[0];
      assert.equal(one.pointer, at);
      text instanceof RegExp ? assert.match(one.detail, text) : assert.equal(one.detail, text);
    }
    assert.equal((await call('GET', 'templates/bad')).status, 404);
    assert.equal((await sejf.call('GET', '/v1/events/templates', { token: door })).status, 403);
  });

  test('a text is listed, shown and looked at in each language', async () => {
    assert.deepEqual((await call('GET', 'templates')).json.items.map((t) => [t.name, t.version, t.kind]), [['soon', 1, 'registration']]);
    assert.deepEqual((await call('GET', 'templates/soon')).json.hu, texts.hu);
    const said = { pl: /Zaczynamy 3 czerwca 2027, 14:05/, en: /We begin 3 June 2027, 14:05/, hu: /Kezdés: 2027\. június 3/ };
    for (const lang of ['pl', 'en', 'hu']) {
      const r = await call('POST', 'templates/soon/preview', { id: person.id, lang });
      assert.equal(r.status, 200, r.text);
      assert.match(r.json.text, said[lang]);
      assert.ok(r.json.text.includes(hostile) && r.json.subject.includes('Jesienny <targ> & "bal"'), r.json.text);
      assert.ok(!/<script|src=|url\(|@import|http-equiv/.test(r.json.html) && r.json.html.includes('&lt;script&gt;alert(1)&lt;/script&gt; {{link}} **b** [a](https://evil.example)'), r.json.html);
      assert.deepEqual([...r.json.html.matchAll(/href="([^"]*)"/g)].map((m) => new URL(m[1]).host).filter((h) => !h.startsWith('localhost')), []);
      if (process.env.SEJF_SHOTS) fs.writeFileSync(path.join(process.env.SEJF_SHOTS, `mail-${lang}.html`), r.json.html);
    }
    const invented = await call('POST', 'templates/soon/preview', {});
    assert.match(invented.json.text, /Dzień dobry Jan Nowak/);
    const doctor = await sejf.runAsync(['doctor']);
    assert.ok(doctor.stdout.includes(`s2026._domainkey.seats.example IN TXT "${record.text}"`), doctor.stdout);
    const line = await sejf.runAsync(['template', 'preview', 'events', 'soon', '--tenant', '1', '--lang', 'en']);
    assert.equal(line.status, 0, line.stderr);
    assert.match(line.stdout, /^See you: /);
  });

  test('a letter arrives in both forms, says nothing but text for a name, and is signed', async () => {
    const asked = await call('POST', 'messages', { kind: 'registration', id: person.id, template: 'soon' });
    assert.equal(asked.status, 202, asked.text);
    const got = await until('the letter', () => sink.letters.find((l) => l.to[0] === 'zofia@people.example'), 60000);
    const mail = await parts(got.raw);
    assert.deepEqual(mail.defects, []);
    assert.equal(mail.type, 'multipart/alternative');
    assert.equal(mail.subject, 'Do zobaczenia: Jesienny <targ> & "bal"');
    assert.ok(mail.parts['text/plain'].includes(`Dzień dobry ${hostile}`), mail.parts['text/plain']);
    const html = mail.parts['text/html'];
    assert.ok(!/<script|src=/.test(html) && html.includes('&lt;script&gt;'), html);
    const head = got.raw.toString('latin1').split('\r\n\r\n')[0];
    assert.doesNotMatch(head, /^(Bcc|Auto-Submitted):/mi);
    assert.match(head, /^List-Id: <.*\.seats\.example>\r?$/m);
    assert.match(head, /^List-Unsubscribe: <https:/m);
    assert.match(head, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click/m);
    const link = new URL(/Twoje zgłoszenie <(https:[^>]*)>/.exec(mail.parts['text/plain'])[1]);
    const page = await sejf.call('GET', link.pathname + link.search);
    assert.equal(page.status, 200);
    assert.ok(!JSON.stringify(sejf.run(['mail', 'list', '--tenant', '1', '--json']).stdout).includes(link.pathname));
    // signed, and a changed byte shows
    const signed = await verify(record, got.raw);
    assert.equal(signed.ok, true, JSON.stringify(signed));
    for (const name of ['from', 'to', 'subject', 'date', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post']) assert.ok(signed.signed.filter((h) => h === name).length >= 2, `${name}: ${signed.signed}`);
    const text = got.raw.toString('latin1');
    for (const changed of [text.replace('See', 'see').replace('zobaczenia', 'zobaczenja'), text.replace('\r\nTo: ', '\r\nTo: <x@y.example>, '), text.replace('\r\nDate: ', '\r\nSubject: other\r\nDate: '),
      `${text}more\r\n`].filter((t) => t !== text)) assert.equal((await verify(record, Buffer.from(changed, 'latin1'))).ok, false);
    // what relays on the way may do to white space changes nothing
    assert.equal((await verify(record, Buffer.from(`${text.replace(/\r\nSubject: /, '\r\nSubject:   ')}\r\n\r\n`, 'latin1'))).ok, true);
  });

  test('the examples of the documentation run', async () => {
    const page = (name) => fs.readFileSync(path.join(root, 'docs', name), 'utf8');
    const blocks = (text, lang) => [...text.matchAll(new RegExp(`^\`\`\`${lang}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((m) => m[1]);
    const setup = blocks(page('api.md'), 'sh')[0];
    const part = page('templates.md') + page('sending.md');
    const scripts = blocks(part, 'sh'), dir = fs.mkdtempSync(path.join(sejf.data, 'docs-'));
    assert.equal(scripts.length, 2);
    fs.symlinkSync(sejf.binary, path.join(dir, 'sejf'));
    const tenant = sejf.tenant('events', 'Docs');
    const r = await program('bash', ['-eu', '-o', 'pipefail', '-s'], { cwd: dir, input: [setup, ...scripts].join('\n'), env: { PATH: `${dir}:${process.env.PATH}`, HOME: process.env.HOME, NO_PROXY: '*',
      SEJF_DATA: sejf.data, SEJF_URL: sejf.url, SEJF_CA: sejf.ca, SEJF_TENANT: String(tenant), SEJF_TOKEN: sejf.token('events', tenant, 'organiser') } });
    assert.equal(r.status, 0, r.stderr + r.stdout);
    assert.match(r.stdout, /Dzień dobry Jan Nowak/);
    assert.match(r.stdout, /s2026\._domainkey\.seats\.example\. IN TXT \( "v=DKIM1; k=rsa; p=/);
    // the yaml stands as it would in sejf.yaml
    assert.match(blocks(part, 'yaml')[0], /dkim: \{domain: seats\.example, selector: s2026, key: file dkim\.pem\}/);
  });

  test('a letter of a duty is signed too', async () => {
    const r = await sejf.runAsync(['mail', 'test', '-', '--tenant', '1', '--json'], { input: 'adam@people.example\n' });
    assert.equal(r.status, 0, r.stderr);
    const got = await until('the letter', () => sink.letters.find((l) => l.to[0] === 'adam@people.example'), 60000);
    assert.equal((await verify(record, got.raw)).ok, true);
  });

  test('signatures hold over long lines, eight-bit bytes and empty bodies', { timeout: 600000 }, async () => {
    const build = path.resolve(path.dirname(sejf.binary), '../..');
    const made = await program('ninja', ['-C', build, 'bench/bench_dkim']);
    assert.equal(made.status, 0, made.stdout + made.stderr);
    const head = 'From: "Seats"\r\n <service@seats.example>\r\nTo: <a@people.example>\r\nSubject:\r\n =?utf-8?B?xbw=?=\r\nDate: Mon, 23 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@seats.example>\r\n';
    const bodies = ['', '\r\n', ' \t \r\n\r\n', `${'x'.repeat(9000)}\r\n`, `a  b\t c \r\n\r\n\r\nd\r\n\r\n`, 'za\u017c\u00f3\u0142\u0107 \r\n.\r\n..\r\n', 'no line end', `${' y'.repeat(3000)} \r\n${'\r\n'.repeat(40)}end\r\n`];
    for (const body of bodies) {
      const r = await program(path.join(build, 'bench/bench_dkim'), ['-k', path.join(sejf.data, 'dkim.pem'), '-d', 'seats.example', '-n', 's2026'], { input: Buffer.from(`${head}\r\n${body}`) });
      assert.equal(r.status, 0, r.stderr);
      const said = await verify(record, r.raw);
      assert.equal(said.ok, true, `${JSON.stringify(said)} of ${JSON.stringify(body.slice(0, 60))}`);
    }
  });

  test('a newer version takes the place of the older; taken out, no new message has it', async () => {
    const r = await call('PUT', 'templates/soon', { kind: 'registration', pl: { subject: 'Nowy', text: 'Nowy {{name}}' } });
    assert.equal(r.json.version, 2);
    assert.equal((await call('GET', 'templates/soon')).json.pl.subject, 'Nowy');
    assert.equal((await call('GET', 'templates/soon?version=1')).json.pl.subject, texts.pl.subject);
    assert.equal((await call('DELETE', 'templates/soon')).status, 204);
    assert.equal((await call('DELETE', 'templates/soon')).status, 404);
    const gone = await call('POST', 'messages', { kind: 'registration', id: person.id, template: 'soon' });
    assert.equal(gone.status, 422, gone.text);
    const own = await call('POST', 'messages', { kind: 'registration', id: person.id, subject: 'a', text: '{{nmae}}' });
    assert.equal(own.status, 422, own.text);
    assert.match(own.text, /is \{\{name\}\} meant/);
  });
});
