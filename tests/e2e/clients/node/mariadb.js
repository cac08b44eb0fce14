// MariaDB Connector/Node.js. Kills with a KILL query that carries the greeting's connection id.
'use strict';

const mariadb = require('mariadb');
const { version } = require('mariadb/package.json');
const { settings, texts, commonSteps, run } = require('./contract');

const rowsOf = async (rows) => (Array.isArray(rows) ? texts(rows) : []);

const driver = {
  open: () =>
    mariadb.createConnection({
      host: settings.host,
      port: settings.port,
      user: settings.user,
      password: settings.password,
      database: settings.database,
      compress: settings.compress,
      rowsAsArray: true,
      multipleStatements: true,
      permitLocalInfile: true,
      ssl: settings.tls && { ...settings.tls, rejectUnauthorized: true },
    }),
  close: (connection) => connection.end(),
  query: async (connection, sql) => rowsOf(await connection.query(sql)),
  execute: async (connection, sql, values) => rowsOf(await connection.execute(sql, values)),
  threadId: (connection) => connection.threadId,
};

const steps = {
  ...commonSteps(driver),
  several: async (connection) =>
    texts((await connection.query("SELECT 1; SELECT 'two'; SELECT 3")).flat()),
  change_user: async (connection) => {
    await connection.changeUser({
      user: settings.otherUser,
      password: settings.otherPassword,
      database: settings.database,
    });
    return driver.query(connection, 'SELECT CURRENT_USER()');
  },
};

run(`mariadb ${version}`, driver, steps);
