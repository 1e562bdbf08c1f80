/* The agents that setup knows, and where their settings are. */
#ifndef CAPTURE_SETUP_AGENT_H
#define CAPTURE_SETUP_AGENT_H

#include "base/edit/mcp.h"
#include "base/file.h"

#define SETUP_WHY_MAX 512

enum setup_form { SETUP_NONE, SETUP_JSON, SETUP_JSONC, SETUP_TOML, SETUP_PLUGIN };

struct setup_agent {
    const char *name, *title, *program;
    const char *variable, *dir, *file; /* file is NULL for what is never changed */
    const char *own;                   /* a file below the home instead, of which all is setup's; else NULL */
    enum setup_form form;
    unsigned timeout_unit;     /* of its hooks: milliseconds */
    const char *unchanged;     /* why it is never changed; else NULL */
    const char *const *events; /* that are recorded, ends with NULL; NULL: it has no list of them */
};

size_t setup_agent_count(void);
const struct setup_agent *setup_agent_at(size_t i);
const struct setup_agent *setup_agent_find(const char *name); /* NULL: unknown */

/* What comes from outside. */
struct setup_world {
    const char *(*env)(const char *name); /* NULL for an empty or unset variable */
    const char *home;
    const char *root;        /* of what an administrator manages: "" for / */
    const char *project;     /* a project's directory, absolute; NULL: the user's own settings */
    const char *dir;         /* the ledger's */
    const char *prefix;      /* words for a shell that run this program with this ledger: "/usr/bin/ledger -C /srv/l" */
    const char *const *argv; /* the same words, ends with NULL */
    const char *otlp;        /* ADDRESS:PORT of a receiver that telemetry is to be sent to; NULL: none */
};

/* Settings: `below` is a path in `base`. With `table`, what is changed there is the command of a server (mcp.h). */
struct setup_place {
    const struct setup_agent *agent;
    char id[96]; /* of its record: the agent's name, and a hash of the path */
    char base[FILE_PATH_MAX], below[FILE_PATH_MAX];
    enum setup_form form;
    bool found;        /* its directory is there, or its program is on PATH */
    const char *table; /* where the settings name servers; NULL: hooks are inserted */
    char server[EDIT_MCP_NAME_MAX + 1];
    char why[SETUP_WHY_MAX]; /* SETUP_NONE: why nothing is changed; "": as the agent says */
};
#define SETUP_NAME_MAX 256
/* What is connected there: "codex", or "codex:mcp:files". */
void setup_place_name(const struct setup_place *place, char ret[SETUP_NAME_MAX]);

int setup_place_find(const struct setup_world *world, const struct setup_agent *agent, struct setup_place *ret,
                     struct err *err);

#endif
