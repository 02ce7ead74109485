const semver = require("semver");
const yargs = require("yargs/yargs");

const argv = yargs(process.argv.slice(2)).parse();
console.log(semver.satisfies(argv.version_, "^1.2.0"));
