// Watches: they fire once, in the order of the writes.
'use strict';

const assert = require('node:assert/strict');
const { Events, refused } = require('./cases');

exports.watches = async (rig) => {
  const { root } = rig;
  const [zk, other] = [await rig.client(), await rig.client()];
  await zk.create(root);
  const [mine, others] = [new Events(), new Events()];
  for (const [session, events] of [[zk, mine], [other, others]]) {
    await session.getData(root, events.watcher);
    await session.getChildren(root, events.watcher);
    assert.equal(await session.exists(`${root}/kid`, events.watcher), null);
  }
  await zk.create(`${root}/kid`);
  await zk.create(`${root}/second`);
  await zk.setData(root, Buffer.from('x'));
  await zk.setData(root, Buffer.from('y'));
  const want = [`NODE_CREATED ${root}/kid`, `NODE_CHILDREN_CHANGED ${root}`, `NODE_DATA_CHANGED ${root}`];
  // A session's own events come before the reply to its write, so they are here by now.
  assert.deepEqual(mine.seen.splice(0), want);
  await others.expect(...want);

  await zk.exists(`${root}/kid`, mine.watcher);
  await zk.getChildren(root, mine.watcher);
  await refused('NO_NODE', zk.getData(`${root}/nothing`, mine.watcher));
  await zk.remove(`${root}/kid`);
  await zk.create(`${root}/nothing`);
  assert.deepEqual(mine.seen, [`NODE_DELETED ${root}/kid`, `NODE_CHILDREN_CHANGED ${root}`]);
  assert.deepEqual(others.seen, []);
};

exports.watches_in_transaction = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  const events = new Events();
  await zk.getChildren(root, events.watcher);
  await zk.exists(`${root}/b`, events.watcher);
  await zk.commit((t) => t.create(`${root}/b`).remove(`${root}/nothing`));
  assert.deepEqual(events.seen, []);
  await zk.commit((t) => t.create(`${root}/a`).create(`${root}/b`));
  assert.deepEqual(events.seen, [`NODE_CHILDREN_CHANGED ${root}`, `NODE_CREATED ${root}/b`]);
};

exports.watches_under_chroot = async (rig) => {
  const { root } = rig;
  const zk = await rig.client();
  await zk.create(root);
  const inner = await rig.client({}, root);
  const events = new Events();
  await inner.exists('/a', events.watcher);
  await inner.getChildren('/', events.watcher);
  await zk.create(`${root}/a`);
  await events.expect('NODE_CREATED /a', 'NODE_CHILDREN_CHANGED /');
};
