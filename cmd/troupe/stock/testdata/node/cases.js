// Runs cases against a server and tells how each went, one line for each (see suite_test.go).
'use strict';

const assert = require('node:assert/strict');
const zookeeper = require('node-zookeeper-client');

const PATIENCE = 20000; // ms, for what comes at once on an idle machine

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// within waits for a promise, but not for ever.
function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE} ms: ${what}`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function eventually(what, holds) {
  for (const end = Date.now() + PATIENCE; !(await holds()); await sleep(10)) {
    assert.ok(Date.now() < end, `not within ${PATIENCE} ms: ${what}`);
  }
}

// Session is a client with promises instead of callbacks. A call gives the list of what the
// callback gets after the error, or the one thing if there is but one.
class Session {
  constructor(addr, options) {
    this.states = [];
    this.client = zookeeper.createClient(addr, { sessionTimeout: 10000, spinDelay: 100, ...options });
    this.client.on('state', (state) => this.states.push(state.getName()));
    for (const call of [
      'create', 'remove', 'removeRecursive', 'setData', 'getData', 'setACL', 'getACL', 'exists', 'getChildren',
      'mkdirp', 'listSubTreeBFS',
    ]) {
      this[call] = (...args) => promised(`${call}(${args[0]})`, (done) => this.client[call](...args, done));
    }
  }

  async open() {
    this.client.connect();
    await this.state('SYNC_CONNECTED', 1);
    return this;
  }

  // state waits until a state has come for the nth time.
  state(name, nth) {
    return eventually(`${name} for time ${nth}, states ${this.states}`,
      () => this.states.filter((s) => s === name).length >= nth);
  }

  id() { return this.client.getSessionId().toString('hex'); }

  auth(credentials) { this.client.addAuthInfo('digest', Buffer.from(credentials)); }

  // commit gives a transaction's error, or null, and its results.
  commit(fill) {
    const transaction = this.client.transaction();
    fill(transaction);
    return within('commit', new Promise((resolve) => {
      transaction.commit((error, results) => resolve([error || null, results]));
    }));
  }

  async close() {
    // A client that is not connected has nobody to say goodbye to.
    if (this.client.getState().getName() !== 'SYNC_CONNECTED') return;
    const gone = new Promise((resolve) => this.client.once('disconnected', resolve));
    this.client.close();
    await within('close', gone);
  }
}

function promised(what, call) {
  return within(what, new Promise((resolve, reject) => {
    call((error, ...results) => {
      if (error) reject(error);
      else resolve(results.length > 1 ? results : results[0]);
    });
  }));
}

// refused demands that a promise fails with the code of that name.
async function refused(name, promise) {
  const error = await promise.then((value) => assert.fail(`got ${value}, want ${name}`), (e) => e);
  assert.equal(error.name, name);
}

// Events collects watch events as "NAME path", in the order in which they came.
class Events {
  constructor() {
    this.seen = [];
    this.watcher = (event) => this.seen.push(`${event.getName()} ${event.getPath()}`);
  }

  // expect waits for these events. The list begins anew.
  async expect(...want) {
    await eventually(`events ${want}`, () => this.seen.length >= want.length);
    assert.deepEqual(this.seen.splice(0), want);
  }
}

// long makes a number of the eight bytes by which this client gives 64-bit fields.
const long = (bytes) => Number(bytes.readBigInt64BE());

// plain makes a stat comparable.
function plain(stat) {
  const fields = {};
  for (const [name, value] of Object.entries(stat.toJSON ? stat.toJSON() : stat)) {
    if (Buffer.isBuffer(value)) fields[name] = long(value);
    else if (typeof value === 'number') fields[name] = value;
  }
  return fields;
}

async function runCase(addr, name, body) {
  const sessions = [];
  const rig = {
    addr,
    root: `/node-${name.replace(/_/g, '-')}`,
    // session has a client that is not connected yet, client one that is.
    session(options, chroot = '') {
      sessions.push(new Session(addr + chroot, options));
      return sessions.at(-1);
    },
    client(options, chroot) { return this.session(options, chroot).open(); },
  };
  let line = `ok ${name}`;
  try {
    await body(rig);
  } catch (error) {
    line = `not ok ${name}: ${(error.stack || String(error)).replace(/\n/g, '\\n')}`;
  }
  for (const session of sessions) {
    await session.close().catch((error) => {
      line = line.startsWith('ok') ? `not ok ${name}: ${error}` : line;
    });
  }
  console.log(line);
}

async function run(addr, ...modules) {
  const cases = modules.flatMap((module) => Object.entries(module));
  await Promise.all(cases.map(([name, body]) => runCase(addr, name, body)));
  console.log(`cases ${cases.length}`);
  process.exit(0); // a client that was away when its case ended would come back and go on
}

module.exports = { run, Session, Events, within, eventually, refused, long, plain };
