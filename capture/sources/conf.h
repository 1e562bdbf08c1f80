/* DIR/sources.conf: which sources keep running for this ledger. Sections and settings, one a line; # begins a comment line:
 *
 *   [traces]                          a name of its own: a-z 0-9 . _ -, at most 48, a letter or digit first
 *   source = otlp                     a row of ingest/sources.def
 *   listen = 127.0.0.1:4318
 *
 *   [models]
 *   source = ollama
 *   url = http://127.0.0.1:11434
 *   every = 30s
 *
 *   [agent]
 *   source = jsonl
 *   path = /var/log/agent.jsonl
 *   follow = true
 *
 *   [server]
 *   source = openai
 *   url = http://127.0.0.1:8080
 *   token-file = /home/me/server.token
 *   every = 1m
 *
 * What a source accepts is what `ledger ingest` accepts; each must listen, follow, or look again (every). Paths are absolute.
 * No value may hold a credential: they are in files that a value names. The file has mode 0600, because whoever can write it
 * chooses what is recorded. */
#ifndef CAPTURE_SOURCES_CONF_H
#define CAPTURE_SOURCES_CONF_H

#include "ingest/ingest.h"

#define SOURCES_CONF      "sources.conf"
#define SOURCES_MAX       64
#define SOURCES_NAME_MAX  48
#define SOURCES_PATHS_MAX 32
#define SOURCES_UNITS_MAX 32
#define SOURCES_TEXT_MAX  ((size_t)256 << 10)

/* One section. Texts are borrowed from the struct sources_conf; NULL where they are not set. */
struct sources_entry {
    char name[SOURCES_NAME_MAX + 1];
    unsigned line; /* of its heading */
    const struct ingest_source *source;
    const char *listen, *url, *token_file, *models, *root, *actor;
    const char *paths[SOURCES_PATHS_MAX];
    size_t n_paths;
    const char *units[SOURCES_UNITS_MAX]; /* patterns */
    size_t n_units;
    uint64_t every_ns;
    bool follow, verify;
    struct bytes text; /* of the whole section, as it is in the file */
};

struct sources_conf {
    struct buf text, values; /* as it is; the values, each followed by a NUL */
    struct sources_entry *entries;
    size_t n, cap;
};

/* Whether the name may be one of a section. */
bool sources_name_ok(struct bytes name);

/* Reads a text; `file` is its name in messages. ERR_INVALID says file, line, key and what is accepted. Free with
 * sources_conf_done, on failure too; zeroed is empty. */
int sources_conf_parse(struct sources_conf *conf, struct bytes text, const char *file, struct err *err);
/* Reads DIR/sources.conf; a file that does not exist is empty. ERR_INVALID also: it is not a regular file, belongs to somebody
 * else, or others can access it. */
int sources_conf_load(struct sources_conf *conf, const char *dir, struct err *err);
void sources_conf_done(struct sources_conf *conf);
const struct sources_entry *sources_conf_find(const struct sources_conf *conf, const char *name);

/* What it names on this machine, as the source will want it: token-file is a private file with a token, and a file to follow, if
 * it is there, one that can grow. */
int sources_entry_check(const struct sources_entry *entry, struct err *err);
/* The options of `ledger ingest` for it. Borrowed from the entry. */
void sources_entry_options(const struct sources_entry *entry, struct ingest_options *ret);
/* What it waits for: requests, time, lines. */
enum sources_manner { SOURCES_RECEIVER, SOURCES_POLLER, SOURCES_FOLLOWER };
enum sources_manner sources_entry_manner(const struct sources_entry *entry);
const char *sources_manner_name(enum sources_manner manner);

#endif
