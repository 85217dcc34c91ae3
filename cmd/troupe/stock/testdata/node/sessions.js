// How sessions are resumed, and end.
'use strict';

const assert = require('node:assert/strict');
const { ACL, CreateMode } = require('node-zookeeper-client');
const { Events } = require('./cases');

// identity is what the client's options need to resume the session.
const identity = ({ client }) => ({ sessionId: client.getSessionId(), sessionPassword: client.getSessionPassword() });

const owner = async (session, path) => (await session.exists(path)).ephemeralOwner.toString('hex');

// drop breaks a client's connection; the client comes back by itself.
const drop = (session) => session.client.connectionManager.socket.destroy();

// silence breaks a client's connection and keeps the client away, as if its process had died. It
// gives what brings the client back.
function silence(session) {
  const manager = session.client.connectionManager;
  manager.connect = () => {};
  drop(session);
  return () => {
    delete manager.connect;
    manager.connect();
  };
}

exports.reconnect = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  zk.auth('nora:pass');
  await zk.create(root);
  await zk.create(`${root}/mine`, Buffer.from('secret'), ACL.CREATOR_ALL_ACL);
  await zk.create(`${root}/eph`, null, CreateMode.EPHEMERAL);
  const events = new Events();
  await zk.getData(root, events.watcher);
  await zk.getChildren(`${root}/eph`, events.watcher);
  await zk.exists(`${root}/late`, events.watcher);
  const id = zk.id();

  const back = silence(zk);
  await zk.state('DISCONNECTED', 1);
  await other.setData(root, Buffer.from('x'));
  back();
  await zk.state('SYNC_CONNECTED', 2);
  assert.equal(zk.id(), id);
  await events.expect(`NODE_DATA_CHANGED ${root}`);
  assert.equal(await owner(other, `${root}/eph`), id);
  assert.equal((await zk.getData(`${root}/mine`))[0].toString(), 'secret');
  await other.create(`${root}/late`);
  await other.remove(`${root}/eph`);
  await events.expect(`NODE_CREATED ${root}/late`, `NODE_DELETED ${root}/eph`);
};

exports.resume = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  await zk.create(root);
  await zk.create(`${root}/eph`, null, CreateMode.EPHEMERAL);
  silence(zk);
  const heir = await rig.client(identity(zk));
  assert.equal(heir.id(), zk.id());
  assert.equal(await owner(other, `${root}/eph`), zk.id());
  await heir.create(`${root}/second`, null, CreateMode.EPHEMERAL);
  await heir.close();
  assert.deepEqual((await other.getChildren(root))[0], []);
};

exports.wrong_password = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  await zk.create(root, null, CreateMode.EPHEMERAL);
  const { sessionId } = identity(zk);
  const thief = rig.session({ sessionId, sessionPassword: Buffer.alloc(16, 1) });
  thief.client.connect();
  await thief.state('EXPIRED', 1);
  assert.equal(await owner(other, root), zk.id());
};

exports.closed_by_another = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  await zk.create(root, null, CreateMode.EPHEMERAL);
  const back = silence(zk);
  const usurper = await rig.client(identity(zk));
  await usurper.close();
  assert.equal(await other.exists(root), null);
  back();
  await zk.state('DISCONNECTED', 2); // the server says so and hangs up
  assert.deepEqual(zk.states, ['SYNC_CONNECTED', 'DISCONNECTED', 'EXPIRED', 'DISCONNECTED']);
};

exports.silent = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client({ sessionTimeout: 2000 }), await rig.client()];
  await zk.create(root, null, CreateMode.EPHEMERAL);
  const events = new Events();
  assert.ok(await other.exists(root, events.watcher));
  const last = Date.now();
  const back = silence(zk);
  await events.expect(`NODE_DELETED ${root}`);
  // The server may have heard of the client last up to a third of the timeout before.
  assert.ok(Date.now() - last >= 1000, `gone after ${Date.now() - last} ms`);
  back();
  await zk.state('EXPIRED', 1);
};
