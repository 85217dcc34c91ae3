// Lives through a restart of the server: survivor.js HOST:PORT NAME (see restart_test.go).
'use strict';

const { CreateMode } = require('node-zookeeper-client');
const { Session } = require('./cases');

const STATES = { SYNC_CONNECTED: 'Connected', DISCONNECTED: 'Disconnected', EXPIRED: 'Expired' };
const EVENTS = {
  NODE_DATA_CHANGED: 'NodeDataChanged', NODE_CHILDREN_CHANGED: 'NodeChildrenChanged', NODE_CREATED: 'NodeCreated',
};

async function main(addr, name) {
  const zk = new Session(addr, { sessionTimeout: 30000, retries: 0 });
  await zk.open();
  zk.client.on('state', (state) => console.log(`EVENT ${STATES[state.getName()]}`));
  const watcher = (event) => console.log(`EVENT ${EVENTS[event.getName()]} ${event.getPath()}`);
  const base = `/restart/${name}`;
  await zk.create(`${base}-eph`, null, CreateMode.EPHEMERAL);
  await zk.getData(base, watcher);
  await zk.getChildren(base, watcher);
  await zk.exists(`${base}-late`, watcher);
  console.log('READY');
}

main(...process.argv.slice(2));
