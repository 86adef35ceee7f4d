// Leaves out what Azurite loads and never uses here: its telemetry, and a database, its other store.
// They are half of what a start takes of the processor.
"use strict";

const Module = require("module");

const unused = new Map([
  ["applicationinsights", {}],
  ["sequelize", { Model: class {} }],
]);
const load = Module._load;
Module._load = function (name, ...more) {
  return unused.get(name) ?? load.call(this, name, ...more);
};
