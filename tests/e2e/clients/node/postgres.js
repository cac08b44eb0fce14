// postgres for Node (Postgres.js): a pool, here of one connection. It cancels as it connects: over
// TLS where the session uses it.
'use strict';

const path = require('path');
const tls = require('tls');
const postgres = require('postgres');
const { settings, texts, run } = require('./contract');
const { where, describe, commonSteps } = require('./postgres_contract');

// The package does not export its package.json.
const { version } = require(path.resolve(require.resolve('postgres'), '../../../package.json'));

const options = {
  ...where,
  max: 1,
  onnotice: () => {},
  // Given an address it tells Node no name to check, and Node then takes the name "localhost".
  ssl: settings.tls && {
    ...settings.tls,
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(settings.host, certificate),
  },
  ...(settings.negotiation && { sslnegotiation: settings.negotiation }),
};

const query = async (sql, text) => texts(await sql.unsafe(text).values());

function start(sql, text) {
  const going = sql.unsafe(text).values();
  const outcome = going.then(texts);
  const cancel = () => going.cancel();
  return { outcome, cancel };
}

const driver = {
  describe,
  open: async () => {
    const sql = postgres(options);
    // The pool connects when it is first asked for something.
    await sql`SELECT 1`;
    return sql;
  },
  close: (sql) => sql.end(),
  query,
  execute: async (sql, text, values) =>
    texts(await sql.unsafe(text, values, { prepare: true }).values()),
  start,
  pid: async (sql) => (await sql`SELECT 1`).state.pid,
  copyIn: (sql, text) => sql.unsafe(text).writable(),
  copyOut: (sql, text) => sql.unsafe(text).readable(),
};

const steps = {
  ...commonSteps(driver),
  rollback: async (sql) => {
    const count = (within) => query(within, 'SELECT count(*)::text FROM kept');
    await query(sql, 'CREATE TEMPORARY TABLE kept (n int)');
    let inside;
    const enough = new Error('the transaction is to be rolled back');
    await sql
      .begin(async (within) => {
        await query(within, 'INSERT INTO kept VALUES (1)');
        inside = await count(within);
        throw enough;
      })
      .catch((error) => {
        if (error !== enough) throw error;
      });
    return [...inside, ...(await count(sql))];
  },
  notify: async (sql) => {
    let heard;
    const payload = new Promise((resolve) => (heard = resolve));
    await sql.listen('bell', heard);
    await sql.notify('bell', 'naïve ☃');
    return [['bell', await payload]];
  },
};

run(`postgres ${version}`, driver, steps);
