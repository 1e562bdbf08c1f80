/* Hooks in an agent's settings: objects with a command, counted in any of the forms that settings have. */
#ifndef BASE_EDIT_HOOKS_H
#define BASE_EDIT_HOOKS_H

#include "base/edit/json.h"

enum edit_hooks { EDIT_HOOKS_JSON, EDIT_HOOKS_JSONC, EDIT_HOOKS_TOML };

/* How many hooks have a command that contains `mark`, and how many of these the command `whole`, a string of JSON with its quotes. A
 * text that mentions it elsewhere, as in a comment, does not count. ERR_INVALID: it is not settings in this form. */
int edit_hooks_count(enum edit_hooks form, struct bytes text, const char *mark, const char *whole, size_t *ret_ours,
                     size_t *ret_whole, struct err *err);

#endif
