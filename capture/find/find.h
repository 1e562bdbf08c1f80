/* Programs, results and services on this box that are not agents: by their programs, directories and variables alone. Nothing is
 * asked over a network. */
#ifndef CAPTURE_FIND_FIND_H
#define CAPTURE_FIND_FIND_H

#include <stdbool.h>
#include <stddef.h>

struct find_thing {
    const char *name, *what, *program, *below_home, *variable;
    const char *command; /* that records it; "": there is none */
};
size_t find_count(void);
const struct find_thing *find_at(size_t i);
/* By what it is found: "program", "directory", "variable"; NULL: it is not here. `env` returns NULL for an empty variable. */
const char *find_by(const struct find_thing *thing, const char *(*env)(const char *name), const char *home);
/* Is such a program in one of the absolute directories of PATH? */
bool find_program(const char *(*env)(const char *name), const char *program);

#endif
