/* What can be found (things.def), and what was. */
#ifndef CAPTURE_FIND_THING_H
#define CAPTURE_FIND_THING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"

#define FIND_NAME_MAX 48
#define FIND_MAX      64 /* of all */

enum find_form {
    FIND_SERVER,    /* of models: it is asked */
    FIND_HUB,       /* the cache of Hugging Face's hub */
    FIND_RESULTS,   /* a directory in which results arrive */
    FIND_FILES,     /* results that somebody writes when asked to */
    FIND_TELEMETRY, /* programs that send it where a variable says */
    FIND_JOURNAL,   /* systemd's */
    FIND_SOCKET,    /* of Tailscale's daemon */
    FIND_AUDIT      /* log of a Kubernetes API server */
};
struct find_thing {
    const char *name, *what;
    enum find_form form;
    const char *program, *process, *below_home, *variable;
    const char *source;  /* of ingest/sources.def */
    const char *more;    /* settings of its section, lines; "": it cannot be kept running, or needs none */
    const char *command; /* that records it where no section can; "": there is none */
};
size_t find_count(void);
const struct find_thing *find_at(size_t i);
/* NULL: it is unknown. */
const struct find_thing *find_thing(const char *name);

struct find_world {
    const char *(*env)(const char *name); /* NULL for an empty variable */
    const char *home;
    const char *root; /* above /proc, /run and /var; "": none */
};

struct find_found {
    const struct find_thing *thing;
    char name[FIND_NAME_MAX + 1];
    const char *by;              /* "answer", "process", "program", "directory", "variable", "socket", "log" */
    char where[FILE_PATH_MAX];   /* what it was found by: an address, a path, a variable; may be empty */
    pid_t pid;                   /* 0: none */
    const char *key;             /* of its section: "url", "path", "listen"; NULL: it needs none */
    char place[FILE_PATH_MAX];   /* that key's value; empty with a key: there is none */
    bool can;                    /* a section can be made of it */
    bool sure;                   /* it is there now: connected without being named */
    char note[200];              /* why it is not sure, or cannot be connected */
    char command[FILE_PATH_MAX]; /* that records it instead; may be empty */
};
struct find_list {
    struct find_found *found;
    size_t n, cap;
};
/* One more, named after its thing; *ret is valid until the next one. ERR_NOMEM; ERR_LIMIT: there are FIND_MAX. */
int find_add(struct find_list *list, const struct find_thing *thing, const char *by, struct find_found **ret,
             struct err *err);
void find_list_done(struct find_list *list);
/* The settings of its section, lines of sources.conf, appended. */
void find_lines(const struct find_found *found, struct buf *out);

/* Is such a program in one of the absolute directories of PATH? */
bool find_program(const char *(*env)(const char *name), const char *program);
/* The cache of Hugging Face's hub, by its own variables in its own order. False when no home is known. */
bool find_hub(const char *(*env)(const char *name), char ret[FILE_PATH_MAX]);
/* "program", "directory", "variable": what says that the thing could be here; NULL: nothing. */
const char *find_by(const struct find_world *world, const struct find_thing *thing);

#endif
