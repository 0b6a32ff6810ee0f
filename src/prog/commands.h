/* commands.h — the command line: each command is a row of commands.tbl; dispatch, help and the manual are made from it. */
#pragma once
#include "base/err.h"

/* argv starts behind the command's own words. An error is printed by main, which exits with its number. */
typedef enum code (*command_fn)(int argc, char *const *argv, struct err *reterr);
struct command { const char *words; command_fn run; const char *usage, *says; bool internal; };
size_t commands_list(const struct command **ret);

#define COMMAND(words, run, usage, says) enum code run(int argc, char *const *argv, struct err *reterr);
#define INTERNAL(words, run, usage, says) COMMAND(words, run, usage, says)
#include "prog/commands.tbl"
#undef COMMAND
#undef INTERNAL
