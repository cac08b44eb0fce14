// mysql2 for Node. Kills with a KILL query that carries the greeting's connection id.
'use strict';

const fs = require('fs');
const mysql = require('mysql2/promise');
const { version } = require('mysql2/package.json');
const { settings, texts, commonSteps, run } = require('./contract');

const rowsOf = async ([rows]) => (Array.isArray(rows) ? texts(rows) : []);

const driver = {
  open: () =>
    mysql.createConnection({
      host: settings.host,
      port: settings.port,
      user: settings.user,
      password: settings.password,
      database: settings.database,
      compress: settings.compress,
      rowsAsArray: true,
      multipleStatements: true,
      ssl: settings.tls && { ...settings.tls, rejectUnauthorized: true, verifyIdentity: true },
    }),
  close: (connection) => connection.end(),
  query: async (connection, sql) =>
    rowsOf(
      await connection.query({ sql, infileStreamFactory: () => fs.createReadStream(settings.file) })
    ),
  execute: async (connection, sql, values) => rowsOf(await connection.execute(sql, values)),
  threadId: (connection) => connection.threadId,
};

const steps = {
  ...commonSteps(driver),
  several: async (connection) => {
    const [results] = await connection.query("SELECT 1; SELECT 'two'; SELECT 3");
    return texts(results.flat());
  },
  change_user: async (connection) => {
    await connection.changeUser({
      user: settings.otherUser,
      password: settings.otherPassword,
      database: settings.database,
    });
    return driver.query(connection, 'SELECT CURRENT_USER()');
  },
};

run(`mysql2 ${version}`, driver, steps);
