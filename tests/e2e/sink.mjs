// sink.mjs — a relay that keeps what it is given, for the tests that wait for mail: a real SMTP server with TLS and sign-in, on a port of its own.
//   const sink = await Sink.start();          // STARTTLS, user and password
//   const sejf = await new Instance().init();
//   sink.install(sejf);                       // its part of sejf.yaml, before sejf.start()
//   await until('a letter', () => sink.letters.length === 1);
//   sink.letters[0]: { from, to: [address], secure, user, raw, id, read() → { subject, from, to, text, headers, files } }
//   await sink.stop();
// What it answers can be bent: sink.on = { mail, rcpt, data } are called with (letter so far, session) and may return or throw { code, text }, or a
// promise of it; sink.kept(letter) says when one was taken. Each test that needs more of a relay than this talks over sockets itself.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

export function certificate(directory, name = 'localhost') {
  const key = path.join(directory, `${name}-key.pem`), cert = path.join(directory, `${name}-ca.pem`);
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`,
    '-keyout', key, '-out', cert], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(`openssl: ${r.stderr}`);
  return { key, cert };
}

// Python's own reader of messages, which has nothing of ours.
const reader = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
body = m.get_body(preferencelist=('plain',))
json.dump({'subject': m['subject'], 'from': str(m['from']), 'to': str(m['to']), 'defects': [repr(d) for d in m.defects],
  'headers': {k.lower(): str(v) for k, v in m.items()}, 'text': body.get_content().replace('\\r\\n', '\\n') if body else None,
  'files': [{'name': a.get_filename(), 'type': a.get_content_type(), 'hex': a.get_payload(decode=True).hex()} for a in m.iter_attachments()]}, sys.stdout)`;
export function readMessage(raw) {
  const r = spawnSync('python3', ['-c', reader], { input: raw, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (r.status !== 0) throw new Error(`python3: ${r.stderr}`);
  return JSON.parse(r.stdout);
}

const failure = (answer) => Object.assign(new Error(answer.text || 'no'), { responseCode: answer.code });
async function ask(hook, letter, session, done) {
  try {
    const answer = hook ? await hook(letter, session) : null;
    done(answer && answer.code >= 400 ? failure(answer) : null);
  } catch (e) { done(e.code >= 400 ? failure(e) : e); }
}

export class Sink {
  static async start(options = {}) {
    const s = new Sink();
    s.tls = options.tls || 'starttls';
    s.user = s.tls === 'none' ? null : 'seats';
    s.password = 'not-a-secret-of-anyone';
    s.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-sink-'));
    s.letters = [];
    s.on = options.on || {};
    s.kept = () => {};
    s.port = options.port || 0;                               // any that is free, and kept from then on
    s.cert = certificate(s.directory, options.name || 'localhost');
    await s.listen();
    return s;
  }

  async listen() {
    this.server = new SMTPServer({
      secure: this.tls === 'tls', hideSTARTTLS: this.tls === 'none', key: fs.readFileSync(this.cert.key), cert: fs.readFileSync(this.cert.cert), authOptional: !this.user,
      disabledCommands: this.user ? [] : ['AUTH'], authMethods: ['PLAIN', 'LOGIN'], size: 8 << 20, closeTimeout: 200, disableReverseLookup: true, logger: false,
      onAuth: (auth, session, done) => (auth.username === this.user && auth.password === this.password ? done(null, { user: auth.username }) : done(failure({ code: 535, text: '5.7.8 wrong' }))),
      onMailFrom: (address, session, done) => ask(this.on.mail, { from: address.address }, session, done),
      onRcptTo: (address, session, done) => ask(this.on.rcpt, { to: address.address }, session, done),
      onData: (stream, session, done) => {
        const pieces = [];
        stream.on('data', (d) => pieces.push(d));
        stream.on('end', () => {
          const letter = { from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), secure: session.secure, user: session.user || null, raw: Buffer.concat(pieces) };
          letter.id = (/^Message-ID: <(.*)>/mi.exec(letter.raw.toString('latin1')) || [])[1];
          letter.read = () => readMessage(letter.raw);
          ask(this.on.data, letter, session, (e) => {
            if (!e) { this.letters.push(letter); this.kept(letter); }
            done(e, e ? undefined : 'taken');
          });
        });
      },
    });
    this.server.on('error', () => {});                        // of one connection: it was cut
    await new Promise((done, fail) => { this.server.once('error', fail); this.server.listen(this.port, '127.0.0.1', done); });
    this.port = this.server.server.address().port;
  }

  settings(extra = {}) {
    const lines = { relay: `localhost:${this.port}`, tls: this.tls, ...(this.user ? { user: this.user, password: 'file relay-password' } : {}),
      ...(this.tls === 'none' ? {} : { ca: 'relay-ca.pem' }), from: 'service@seats.example', name: 'Seats', ...extra };
    return `mail:\n${Object.entries(lines).filter(([, v]) => v !== null).map(([k, v]) => `  ${k}: ${v}\n`).join('')}`;
  }

  // Before the instance is started.
  install(instance, extra = {}) {
    const at = (name) => path.join(instance.data, name);
    fs.writeFileSync(at('relay-password'), `${this.password}\n`, { mode: 0o600 });
    fs.copyFileSync(this.cert.cert, at('relay-ca.pem'));
    fs.chmodSync(at('relay-ca.pem'), 0o644);
    fs.appendFileSync(at('sejf.yaml'), this.settings(extra));
  }

  close() { return new Promise((done) => this.server.close(done)); }
  async stop() {
    await this.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
