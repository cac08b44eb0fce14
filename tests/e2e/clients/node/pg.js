// pg for Node (node-postgres).
'use strict';

const { Client, Query } = require('pg');
const { from, to } = require('pg-copy-streams');
const { version } = require('pg/package.json');
const { settings, texts, run } = require('./contract');
const { where, describe, commonSteps } = require('./postgres_contract');

const options = {
  ...where,
  // With a CA in it: the chain and the host name are verified.
  ssl: settings.tls || false,
  enableChannelBinding: settings.binding === 'require',
  ...(settings.negotiation && { sslnegotiation: settings.negotiation }),
};

const query = async (client, text, values) =>
  texts((await client.query({ text, values, rowMode: 'array' })).rows);

function start(client, text) {
  const query = new Query({ text, rowMode: 'array' });
  const outcome = new Promise((resolve, reject) => {
    query.callback = (error, result) => (error ? reject(error) : resolve(texts(result.rows)));
  });
  client.query(query);
  // It sends a plain CancelRequest whatever it is told of TLS; told of direct TLS, it falls over.
  const cancel = () => new Client(where).cancel(client, query);
  return { outcome, cancel };
}

let asked = 0;

const driver = {
  describe,
  open: async () => {
    const client = new Client(options);
    await client.connect();
    return client;
  },
  close: (client) => client.end(),
  query,
  execute: async (client, text, values) =>
    // A name makes it a prepared statement.
    texts((await client.query({ name: `asked ${++asked}`, text, values, rowMode: 'array' })).rows),
  start,
  pid: (client) => client.processID,
  copyIn: (client, text) => client.query(from(text)),
  copyOut: (client, text) => client.query(to(text)),
};

const steps = {
  ...commonSteps(driver),
  rollback: async (client) => {
    const count = () => query(client, 'SELECT count(*)::text FROM kept');
    await query(client, 'CREATE TEMPORARY TABLE kept (n int)');
    await query(client, 'BEGIN');
    await query(client, 'INSERT INTO kept VALUES (1)');
    const inside = await count();
    await query(client, 'ROLLBACK');
    return [...inside, ...(await count())];
  },
  notify: async (client) => {
    const heard = new Promise((resolve) =>
      client.once('notification', ({ channel, payload }) => resolve([[channel, payload]]))
    );
    await query(client, 'LISTEN bell');
    const other = await driver.open();
    await query(other, "NOTIFY bell, 'naïve ☃'");
    await other.end();
    return heard;
  },
};

run(`pg ${version}`, driver, steps);
