// node-zookeeper-client against a server: suite.js HOST:PORT.
'use strict';

const { run } = require('./cases');

run(process.argv[2], require('./basics'), require('./watches'), require('./sessions'));
