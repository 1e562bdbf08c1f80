/* The tools of 'ledger mcp'. */
#ifndef SERVE_TOOLS_TOOLS_H
#define SERVE_TOOLS_TOOLS_H

#include "serve/mcp/offer.h"

#define TOOLS_MAX 16

/* Fills the tools, with their schemas in `room`, which lives as long as they do. Returns their number. */
size_t tools_all(struct mcp_tool ret[TOOLS_MAX], struct buf *room);
/* The words of the command that answers, behind the global options that `words` has already. ERR_INVALID names the argument and what is
 * expected. */
int tools_command(size_t tool, struct bytes arguments, struct guest_words *words, struct err *err);

/* ---- the same for an API whose arguments are texts ---- */

struct tools_text {
    const char *name;
    struct bytes value;
};

struct tools_argument {
    const char *name, *about;
    const char *type; /* of JSON Schema: "string", "integer", "boolean" */
    bool repeats, needed;
};

/* The tool of that name; SIZE_MAX: there is none. */
size_t tools_find(const char *name);
/* The arguments of a tool, one after the other; *at begins at 0. False: there are no more. */
bool tools_next_argument(size_t tool, size_t *at, struct tools_argument *ret);
/* Appends the arguments as tools_command takes them. ERR_INVALID: a text is not of its argument's type, or given twice. */
int tools_from_texts(size_t tool, const struct tools_text *texts, size_t n, struct buf *ret, struct err *err);

#endif
