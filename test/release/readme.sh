# The commands of the README in the archive, and of docs/running.md there, with the archive's program.
PARLEY_RELEASE=$work/archive PARLEY_BIN=$work/archive/parley test/clients/run readme
