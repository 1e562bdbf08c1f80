/* Names that a person gives to a connection, and what follows from them. */
#ifndef CAPTURE_TAP_NAMES_H
#define CAPTURE_TAP_NAMES_H

#include "base/rpc/message.h"

#define TAP_RUN_LEN 17 /* 16 hex digits and NUL */

/* Who is connected, as a person said. */
struct tap_names {
    const char *server;         /* rpc_is_name, without "__" */
    const char *agent;          /* rpc_is_name; NULL: as the client names itself */
    char run[TAP_RUN_LEN];      /* of this connection */
    const char *const *command; /* the server's, NULL at the end; NULL: it has none */
    const char *const *groups;  /* "TOOL=GROUP" or "GROUP", NULL at the end; may be NULL */
    const char *transport;      /* NULL: stdio, one conversation; else there may be several */
    bool enforces;              /* a tool whose group nobody knows needs exec */
};
/* Fills in a run's name. */
void tap_names_run(char ret[TAP_RUN_LEN]);
/* The name of a tool as agents write it: mcp__SERVER__TOOL. False: it does not fit. */
#define TAP_TOOL_LEN (2 * RPC_WORD_MAX)
bool tap_names_tool(const struct tap_names *names, struct bytes tool, char ret[TAP_TOOL_LEN]);
/* The group of permissions that a tool needs: of the last of `groups` that names it, or names none; as its name implies; NULL:
 * unknown. */
const char *tap_names_group(const struct tap_names *names, struct bytes tool);

#endif
