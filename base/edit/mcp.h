/* The servers of the Model Context Protocol that settings name, and a tap before one of them. */
#ifndef BASE_EDIT_MCP_H
#define BASE_EDIT_MCP_H

#include "base/edit/splice.h"

#define EDIT_MCP_NAME_MAX    128
#define EDIT_MCP_SERVERS_MAX 128
#define EDIT_MCP_WORDS_MAX   16 /* of a command, as far as it is looked at */

enum edit_mcp_form { EDIT_MCP_JSON, EDIT_MCP_JSONC, EDIT_MCP_TOML };
enum edit_mcp_kind { EDIT_MCP_LOCAL, EDIT_MCP_REMOTE, EDIT_MCP_ODD }; /* a command, an address, neither */

struct edit_mcp_span {
    size_t start, end; /* both 0: there is none */
};

struct edit_mcp_server {
    char name[EDIT_MCP_NAME_MAX + 1]; /* as written, without quotes */
    enum edit_mcp_kind kind;
    bool listed;                             /* the command is a list that has its arguments too */
    bool stated;                             /* TOML: its members are statements, not those of an inline table */
    struct edit_mcp_span command, args, key; /* key: of TOML's command, as written */
    size_t n;                                /* elements of the arguments, or of the list */
    struct edit_mcp_span words[EDIT_MCP_WORDS_MAX];
};
struct edit_mcp_list {
    size_t n;
    struct edit_mcp_server servers[EDIT_MCP_SERVERS_MAX]; /* more are not listed */
};

/* The servers in the object or table of this name; in "mcp", also those in its own object "servers". ERR_INVALID: it is not settings
 * in this form. */
int edit_mcp_read(enum edit_mcp_form form, struct bytes text, const char *table, struct edit_mcp_list *ret,
                  struct err *err);
const struct edit_mcp_server *edit_mcp_find(const struct edit_mcp_list *list, const char *name); /* NULL: there is none */

/* What is put before a command: strings of JSON with their quotes, the last word is "--". */
struct edit_mcp_tap {
    const char *program;
    const char *words[EDIT_MCP_WORDS_MAX - 2];
    size_t n;
};
/* EDIT_MCP_OTHER: it runs behind a tap, but not behind this one. */
enum edit_mcp_state { EDIT_MCP_PLAIN, EDIT_MCP_TAPPED, EDIT_MCP_OTHER };
enum edit_mcp_state edit_mcp_state(struct bytes text, const struct edit_mcp_server *server, const struct edit_mcp_tap *tap);

/* Puts the tap before a plain, local server of edit->text: its command becomes an argument. Nothing that was there is copied into what
 * was inserted: it is moved. *ret_made: the list of arguments did not exist. */
int edit_mcp_wrap(struct edit *edit, enum edit_mcp_form form, const struct edit_mcp_server *server,
                  const struct edit_mcp_tap *tap, bool *ret_made, struct err *err);
/* The opposite, for a server that is EDIT_MCP_TAPPED. `made`: a list of arguments that is empty then goes too. */
int edit_mcp_unwrap(struct buf *text, enum edit_mcp_form form, const char *table, const struct edit_mcp_server *server,
                    const struct edit_mcp_tap *tap, bool made, struct err *err);

#endif
