// Nodes, transactions and access control.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { ACL, CreateMode, Id, Permission, Exception } = require('node-zookeeper-client');
const { refused, long, plain } = require('./cases');

const EMPTY = Buffer.alloc(0);

// What the server keeps of the credentials nora:pass.
const NORA = `nora:${createHash('sha1').update('nora:pass').digest('base64')}`;

exports.nodes = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  const before = Date.now();
  assert.equal(await zk.create(root, Buffer.from('one')), root);
  const [data, bornStat] = await zk.getData(root);
  const born = plain(bornStat);
  assert.equal(data.toString(), 'one');
  assert.ok(before <= born.ctime && born.ctime <= Date.now());
  const z = born.czxid;
  assert.deepEqual(born, {
    czxid: z, mzxid: z, pzxid: z, ctime: born.ctime, mtime: born.ctime, version: 0, cversion: 0, aversion: 0,
    ephemeralOwner: 0, dataLength: 3, numChildren: 0,
  });
  assert.deepEqual(plain(await zk.exists(root)), born);

  const set = plain(await zk.setData(root, Buffer.from('three'), 0));
  assert.ok(set.mzxid > z);
  assert.deepEqual(set, { ...born, mzxid: set.mzxid, mtime: set.mtime, version: 1, dataLength: 5 });

  for (const name of ['b', 'c', 'a']) await zk.create(`${root}/${name}`);
  await zk.remove(`${root}/b`, 0);
  const [children, stat] = await zk.getChildren(root);
  const parent = plain(stat);
  assert.deepEqual(children.sort(), ['a', 'c']);
  assert.ok(parent.pzxid > set.mzxid);
  assert.deepEqual(parent, { ...set, cversion: 4, numChildren: 2, pzxid: parent.pzxid });

  // This client sends no data as null.
  const [none, noneStat] = await zk.getData(`${root}/a`);
  assert.equal(none, undefined);
  assert.equal(noneStat.dataLength, 0);

  assert.equal(await zk.mkdirp(`${root}/deep/down`), `${root}/deep/down`);
  assert.deepEqual((await zk.listSubTreeBFS(`${root}/deep`)).sort(), [`${root}/deep`, `${root}/deep/down`]);
  await zk.removeRecursive(`${root}/deep`, -1); // this client's way sees two levels only
  await zk.removeRecursive(root, -1);
  assert.equal(await zk.exists(root), null);
};

exports.refusals = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  await zk.create(`${root}/kid`);
  await zk.create(`${root}/eph`, null, null, CreateMode.EPHEMERAL);
  await refused('NODE_EXISTS', zk.create(root));
  await refused('NO_NODE', zk.create(`${root}/no/x`));
  await refused('NO_NODE', zk.getData(`${root}/no`));
  await refused('NO_NODE', zk.setData(`${root}/no`, EMPTY));
  await refused('NO_NODE', zk.remove(`${root}/no`));
  await refused('NO_NODE', zk.getChildren(`${root}/no`));
  await refused('NO_NODE', zk.getACL(`${root}/no`));
  await refused('BAD_VERSION', zk.setData(root, EMPTY, 1));
  await refused('BAD_VERSION', zk.remove(`${root}/kid`, 1));
  await refused('NOT_EMPTY', zk.remove(root));
  await refused('NO_CHILDREN_FOR_EPHEMERALS', zk.create(`${root}/eph/x`));
};

exports.sequences = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  const other = await rig.client();
  await zk.create(root);
  assert.equal(await zk.create(`${root}/s-`, CreateMode.PERSISTENT_SEQUENTIAL), `${root}/s-0000000000`);
  assert.equal(await zk.create(`${root}/e-`, CreateMode.EPHEMERAL_SEQUENTIAL), `${root}/e-0000000001`);
  await zk.remove(`${root}/s-0000000000`);
  assert.equal(await zk.create(`${root}/s-`, CreateMode.PERSISTENT_SEQUENTIAL), `${root}/s-0000000002`);
  const owner = (await other.exists(`${root}/e-0000000001`)).ephemeralOwner;
  assert.equal(owner.toString('hex'), zk.id());
  await zk.close();
  const [children] = await other.getChildren(root);
  assert.deepEqual(children, ['s-0000000002']);
};

exports.transactions = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  const [error, results] = await zk.commit((t) => t
    .create(`${root}/a`, Buffer.from('1'))
    .create(`${root}/s-`, null, CreateMode.PERSISTENT_SEQUENTIAL)
    .setData(`${root}/a`, Buffer.from('2'), 0)
    .check(`${root}/a`, 1)
    .remove(`${root}/s-0000000001`, 0));
  assert.equal(error, null);
  assert.deepEqual(results.map((r) => r.type), [1, 1, 5, 13, 2]);
  assert.deepEqual(results.slice(0, 2).map((r) => r.path), [`${root}/a`, `${root}/s-0000000001`]);
  const [data, stat] = await zk.getData(`${root}/a`);
  assert.equal(data.toString(), '2');
  assert.deepEqual(plain(results[2].stat), plain(stat));
  const before = plain(await zk.exists(root));
  assert.equal(before.pzxid, long(stat.czxid));

  const [failure, codes] = await zk.commit((t) => t
    .create(`${root}/b`)
    .check(`${root}/a`, 7)
    .remove(`${root}/a`));
  assert.equal(failure.getCode(), Exception.BAD_VERSION);
  assert.deepEqual(codes.map((r) => r.err), [0, Exception.BAD_VERSION, Exception.RUNTIME_INCONSISTENCY]);
  assert.deepEqual(plain(await zk.exists(root)), before);
};

exports.access = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  await zk.create(root);
  const open = await zk.getACL(root);
  assert.deepEqual(open[0].map(String), ACL.OPEN_ACL_UNSAFE.map(String));
  await refused('INVALID_ACL', zk.create(`${root}/x`, null, ACL.CREATOR_ALL_ACL));
  zk.auth('nora:pass');
  await zk.create(`${root}/mine`, Buffer.from('secret'), ACL.CREATOR_ALL_ACL);
  const [acl, stat] = await zk.getACL(`${root}/mine`);
  assert.deepEqual(acl.map((a) => [a.permission, a.id.scheme, a.id.id]), [[31, 'digest', NORA]]);
  assert.equal(stat.aversion, 0);

  for (const credentials of [null, 'nora:wrong', 'noel:pass']) {
    if (credentials) other.auth(credentials);
    await refused('NO_AUTH', other.getData(`${root}/mine`));
    await refused('NO_AUTH', other.setData(`${root}/mine`, EMPTY));
    await refused('NO_AUTH', other.getChildren(`${root}/mine`));
    await refused('NO_AUTH', other.create(`${root}/mine/x`));
    await refused('NO_AUTH', other.setACL(`${root}/mine`, ACL.OPEN_ACL_UNSAFE));
    assert.ok(await other.exists(`${root}/mine`));
  }

  const shared = [new ACL(Permission.ALL, new Id('digest', NORA)), new ACL(Permission.READ, Id.ANYONE_ID_UNSAFE)];
  assert.equal((await zk.setACL(`${root}/mine`, shared, 0)).aversion, 1);
  await refused('BAD_VERSION', zk.setACL(`${root}/mine`, shared, 0));
  assert.equal((await other.getData(`${root}/mine`))[0].toString(), 'secret');
  await refused('NO_AUTH', other.setData(`${root}/mine`, EMPTY, -1));
  const [failure] = await other.commit((t) => t.create(`${root}/t`).setData(`${root}/mine`, EMPTY));
  assert.equal(failure.getCode(), Exception.NO_AUTH);
  assert.equal(await zk.exists(`${root}/t`), null);
};

exports.chroot = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  const inner = await rig.client({}, root);
  assert.equal(await inner.create('/a', Buffer.from('x')), '/a');
  assert.deepEqual((await inner.getChildren('/'))[0], ['a']);
  assert.equal((await zk.getData(`${root}/a`))[0].toString(), 'x');
  assert.equal(await inner.create('/s-', CreateMode.PERSISTENT_SEQUENTIAL), '/s-0000000001');
};

exports.pipelined = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  const names = Array.from({ length: 200 }, (_, i) => `${root}/${String(i).padStart(3, '0')}`);
  const creates = names.map((name) => zk.create(name, Buffer.from(name)));
  const gets = names.map((name) => zk.getData(name));
  assert.deepEqual(await Promise.all(creates), names);
  const got = await Promise.all(gets);
  assert.deepEqual(got.map(([data]) => data.toString()), names);
  const zxids = got.map(([, stat]) => long(stat.czxid));
  assert.deepEqual(zxids, [...zxids].sort((a, b) => a - b));
  assert.equal((await zk.exists(root)).cversion, 200);
};
