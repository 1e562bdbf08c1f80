/* Lines are read one by one; a section is checked when the next one begins, and the sections against one another at the end.
 * What is refused is refused with its line: a setting that is ignored would be a source that silently records less. */
#include "capture/sources/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/http/bearer.h"
#include "base/http/listen.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/tree/line.h"

#define VALUE_MAX FILE_PATH_MAX

struct reading {
    struct sources_conf *conf;
    const char *file;
    size_t line;
    struct sources_entry *entry; /* the section at hand; NULL: none has begun */
    unsigned given;              /* its settings, by index in `keys` */
};

enum form { FORM_TEXT, FORM_PATH, FORM_PATHS, FORM_UNITS, FORM_DURATION, FORM_FLAG, FORM_SOURCE };

#define AT(member) offsetof(struct sources_entry, member)
static const struct key {
    const char *name;
    enum form form;
    size_t at;
} keys[] = {
    {"source", FORM_SOURCE, AT(source)},       {"listen", FORM_TEXT, AT(listen)}, {"url", FORM_TEXT, AT(url)},
    {"token-file", FORM_PATH, AT(token_file)}, {"unit", FORM_UNITS, AT(units)},   {"path", FORM_PATHS, AT(paths)},
    {"models", FORM_PATH, AT(models)},         {"root", FORM_PATH, AT(root)},     {"actor", FORM_TEXT, AT(actor)},
    {"every", FORM_DURATION, AT(every_ns)},    {"follow", FORM_FLAG, AT(follow)}, {"verify", FORM_FLAG, AT(verify)},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

bool sources_name_ok(struct bytes name) {
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '.' && c != '_' && c != '-'))) return false;
    }
    return name.n > 0 && name.n <= SOURCES_NAME_MAX && !secret_is_in(name);
}

static int add_known(struct err *err, int rc, const char *intro, bool sources) {
    struct buf names = {.max = 1024};
    size_t n = sources ? ingest_source_count() : N_KEYS;
    for (size_t i = 0; i < n; i++) {
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", sources ? ingest_source_at(i)->name : keys[i].name);
    }
    rc = err_set(err, rc, "%s; expected one of: %.*s", intro, (int)names.n, (const char *)names.p);
    buf_done(&names);
    return rc;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

/* Copies a value. The buffer was made large enough for all of them, so that it never moves. */
static const char *keep(struct reading *r, struct bytes value) {
    struct buf *values = &r->conf->values;
    const char *at = (const char *)values->p + values->n;
    buf_put_bytes(values, value);
    buf_put_u8(values, 0);
    return at;
}

static int set_path(struct reading *r, const struct key *key, struct bytes value, struct err *err) {
    if (value.p[0] != '/') {
        return err_set(err, ERR_INVALID, "'%s' must be an absolute path: it means the same wherever the source is started",
                       key->name);
    }
    if (key->form == FORM_PATH) {
        const char *text = keep(r, value);
        memcpy((char *)r->entry + key->at, &text, sizeof(text));
        return 0;
    }
    if (r->entry->n_paths == SOURCES_PATHS_MAX) {
        return err_set(err, ERR_INVALID, "a source has at most %d paths", SOURCES_PATHS_MAX);
    }
    r->entry->paths[r->entry->n_paths++] = keep(r, value);
    return 0;
}

static int set_unit(struct reading *r, struct bytes value, struct err *err) {
    if (r->entry->n_units == SOURCES_UNITS_MAX) {
        return err_set(err, ERR_INVALID, "a source has at most %d patterns of units", SOURCES_UNITS_MAX);
    }
    r->entry->units[r->entry->n_units++] = keep(r, value);
    return 0;
}

static int set_source(struct reading *r, struct bytes value, struct err *err) {
    char intro[SECRET_SHOW_LEN + 64];
    const char *name = keep(r, value);
    r->entry->source = ingest_source_find(name);
    if (r->entry->source != NULL) return 0;
    struct text_near near = {.text = name};
    for (size_t i = 0; i < ingest_source_count(); i++) {
        text_near_offer(&near, ingest_source_at(i)->name);
    }
    snprintf(intro, sizeof(intro), "unknown source '%s'%.60s", SECRET_SHOWN(value), text_near_words(&near));
    return add_known(err, ERR_INVALID, intro, true);
}

static int set_value(struct reading *r, const struct key *key, struct bytes value, struct err *err) {
    bool flag = bytes_is(value, "true");
    uint64_t ns = 0;
    const char *text;
    switch (key->form) {
    case FORM_SOURCE:
        return set_source(r, value, err);
    case FORM_PATH:
    case FORM_PATHS:
        return set_path(r, key, value, err);
    case FORM_UNITS:
        return set_unit(r, value, err);
    case FORM_FLAG:
        if (!flag && !bytes_is(value, "false")) {
            return err_set(err, ERR_INVALID, "'%s' must be true or false", key->name);
        }
        memcpy((char *)r->entry + key->at, &flag, sizeof(flag));
        return 0;
    case FORM_DURATION:
        if (text_parse_duration(value, &ns) != 0 || ns < CLOCK_NS_PER_S) {
            return err_set(err, ERR_INVALID, "'%s' must be a duration of at least a second, such as 30s, 5m, 1h, 1d",
                           key->name);
        }
        memcpy((char *)r->entry + key->at, &ns, sizeof(ns));
        return 0;
    case FORM_TEXT:
        text = keep(r, value);
        memcpy((char *)r->entry + key->at, &text, sizeof(text));
    }
    return 0;
}

/* A name and a password before the host, or what looks like a credential anywhere. */
static bool is_secret(const struct key *key, struct bytes value) {
    bool in_url = false;
    if (strcmp(key->name, "url") == 0) {
        for (size_t i = 0; i < value.n && value.p[i] != '?'; i++) {
            in_url = in_url || value.p[i] == '@';
        }
    }
    return in_url || secret_is_in(value);
}

static int take_setting(struct reading *r, struct bytes name, struct bytes value, struct err *err) {
    char intro[SECRET_SHOW_LEN + 64];
    struct text_near near = {.text = ""};
    char given[32];
    size_t i = 0;
    while (i < N_KEYS && !bytes_is(name, keys[i].name)) {
        i++;
    }
    if (i == N_KEYS) {
        snprintf(given, sizeof(given), "%.*s", (int)(name.n < sizeof(given) ? name.n : 0), (const char *)name.p);
        near.text = given;
        for (size_t k = 0; k < N_KEYS; k++) {
            text_near_offer(&near, keys[k].name);
        }
        snprintf(intro, sizeof(intro), "unknown key '%s'%.60s", SECRET_SHOWN(name), text_near_words(&near));
        return add_known(err, ERR_INVALID, intro, false);
    }
    if (r->entry == NULL) {
        return err_set(err, ERR_INVALID, "'%s' is before the first section; expected '[NAME]' above it", keys[i].name);
    }
    if (value.n == 0 || value.n >= VALUE_MAX || text_utf8_valid(value.p, value.n) != value.n || text_has_control(value)) {
        return err_set(err, ERR_INVALID, "'%s' must be text of 1 to %d bytes without control characters", keys[i].name,
                       VALUE_MAX - 1);
    }
    if (is_secret(&keys[i], value)) {
        return err_set(err, ERR_INVALID, "'%s' holds a credential; this file must hold none", keys[i].name);
    }
    bool many = keys[i].form == FORM_PATHS || keys[i].form == FORM_UNITS;
    if ((r->given & 1U << i) != 0 && !many) {
        return err_set(err, ERR_INVALID, "'%s' is given twice", keys[i].name);
    }
    r->given |= 1U << i;
    return set_value(r, &keys[i], value, err);
}

/* ---- sections ----------------------------------------------------------------------------------------------------- */

/* A section that has ended. */
static int check_entry(const struct sources_entry *entry, struct err *err) {
    struct ingest_options o;
    if (entry->source == NULL) {
        return add_known(err, ERR_INVALID, "the section has no 'source'", true);
    }
    sources_entry_options(entry, &o);
    int rc = ingest_check_options(entry->source, &o, err);
    if (rc == 0 && entry->listen != NULL) rc = httpd_listen_check(entry->listen, err);
    if (rc != 0) return rc;
    unsigned can = entry->source->takes;
    if (entry->listen == NULL && !entry->follow && entry->every_ns == 0) {
        const char *how = (can & INGEST_LISTEN) != 0  ? "'listen = 127.0.0.1:PORT'"
                          : (can & INGEST_EVERY) != 0 ? "'every = 5m'"
                          : (can & INGEST_TAIL) != 0  ? "'follow = true' and a path"
                                                      : NULL;
        return how != NULL
                   ? err_set(err, ERR_INVALID, "source '%s' would end by itself; expected %s", entry->source->name, how)
                   : err_set(err, ERR_INVALID, "source '%s' ends by itself and cannot be kept running",
                             entry->source->name);
    }
    if (entry->follow && (can & INGEST_TAIL) == 0) {
        return err_set(err, ERR_INVALID,
                       "source '%s' follows only what a pipe brings: 'tail -n +1 -F FILE | ledger ingest %s --follow -'",
                       entry->source->name, entry->source->name);
    }
    bool journal = strcmp(entry->source->name, "journal") == 0;
    if (journal && entry->follow && entry->n_paths > 0) {
        return err_set(err, ERR_INVALID, "source 'journal' follows this machine's journal; expected no 'path'");
    }
    if (entry->follow && entry->n_paths == 0 && !journal) {
        return err_set(err, ERR_INVALID, "'follow' needs a 'path'");
    }
    if ((can & INGEST_TOKEN) != 0 && entry->url == NULL) {
        return err_set(err, ERR_INVALID, "source '%s' needs the address of a server; expected 'url = http://HOST:PORT'",
                       entry->source->name);
    }
    return 0;
}

/* Two that would take one address, or move one cursor. */
static int check_pair(const struct sources_entry *a, const struct sources_entry *b, struct err *err) {
    if (a->listen != NULL && b->listen != NULL && httpd_listen_same(a->listen, b->listen)) {
        return err_set(err, ERR_INVALID, "'%s' and '%s' listen on the same address", a->name, b->name);
    }
    if (a->follow && b->follow && a->n_paths == 0 && b->n_paths == 0) {
        return err_set(err, ERR_INVALID, "'%s' and '%s' both follow this machine's journal", a->name, b->name);
    }
    if (a->follow && b->follow && a->n_paths > 0 && b->n_paths > 0 && strcmp(a->paths[0], b->paths[0]) == 0) {
        return err_set(err, ERR_INVALID, "'%s' and '%s' follow the same file", a->name, b->name);
    }
    return 0;
}

static int end_section(struct reading *r, const uint8_t *until, struct err *err) {
    struct sources_conf *conf = r->conf;
    struct sources_entry *entry = r->entry;
    if (entry == NULL) return 0;
    entry->text.n = (size_t)(until - entry->text.p);
    int rc = check_entry(entry, err);
    for (size_t i = 0; rc == 0 && i + 1 < conf->n; i++) {
        rc = check_pair(&conf->entries[i], entry, err);
    }
    if (rc != 0 && err != NULL) {
        struct err why = *err;
        err_set(err, rc, "%s: line %u: [%s]: %s", r->file, entry->line, entry->name, why.msg);
    }
    return rc;
}

static int begin_section(struct reading *r, struct bytes line, struct bytes name, struct err *err) {
    struct sources_conf *conf = r->conf;
    if (!sources_name_ok(name)) {
        return err_set(
            err, ERR_INVALID,
            "'%s' is not a name of a source; expected at most %d of a-z, 0-9, '.', '_' and '-', a letter or digit first",
            SECRET_SHOWN(name), SOURCES_NAME_MAX);
    }
    if (conf->n == SOURCES_MAX) {
        return err_set(err, ERR_INVALID, "more than %d sources", SOURCES_MAX);
    }
    for (size_t i = 0; i < conf->n; i++) {
        if (bytes_is(name, conf->entries[i].name)) {
            return err_set(err, ERR_INVALID, "'%s' is in line %u already", conf->entries[i].name, conf->entries[i].line);
        }
    }
    r->entry = &conf->entries[conf->n++];
    *r->entry = (struct sources_entry){.line = (unsigned)r->line, .text = {line.p, 0}};
    bytes_copy(r->entry->name, name);
    r->given = 0;
    return 0;
}

static int take_line(struct reading *r, struct bytes whole, struct err *err) {
    struct bytes line = text_trim(whole);
    if (line.n == 0 || line.p[0] == '#') return 0;
    if (line.p[0] == '[' && line.p[line.n - 1] == ']') {
        return begin_section(r, whole, text_trim((struct bytes){line.p + 1, line.n - 2}), err);
    }
    const uint8_t *eq = bytes_find(line, '=');
    if (eq == NULL) {
        return err_set(err, ERR_INVALID, "'%s' is neither '[NAME]' nor 'key = value'", SECRET_SHOWN(line));
    }
    return take_setting(r, text_trim((struct bytes){line.p, (size_t)(eq - line.p)}),
                        text_trim((struct bytes){eq + 1, line.n - (size_t)(eq + 1 - line.p)}), err);
}

int sources_conf_parse(struct sources_conf *conf, struct bytes text, const char *file, struct err *err) {
    struct reading r = {.conf = conf, .file = file};
    struct line_reader lines;
    struct bytes line;
    if (text.n > SOURCES_TEXT_MAX) {
        return err_set(err, ERR_INVALID, "%s: %zu bytes; expected at most %zu", file, text.n, SOURCES_TEXT_MAX);
    }
    buf_init(&conf->text, SOURCES_TEXT_MAX + 1);
    buf_init(&conf->values, 2 * SOURCES_TEXT_MAX + 16);
    buf_put_bytes(&conf->text, text);
    if (text.n > 0 && text.p[text.n - 1] != '\n') {
        buf_put_u8(&conf->text, '\n'); /* the last line may lack it: an editor's habit */
    }
    int rc = buf_check(&conf->text, file, err);
    if (rc == 0 && buf_room(&conf->values, 2 * conf->text.n + 1) == NULL) rc = buf_check(&conf->values, file, err);
    if (rc == 0) rc = array_room(&conf->entries, SOURCES_MAX, &conf->cap, sizeof(conf->entries[0]), err);
    if (rc != 0) return rc;
    line_init(&lines, bytes_of_buf(&conf->text));
    while (line_next(&lines, &line)) {
        struct err why = {0};
        r.line = lines.number;
        bool heading = text_trim(line).n > 0 && text_trim(line).p[0] == '[';
        if (heading && (rc = end_section(&r, line.p, err)) != 0) return rc;
        rc = take_line(&r, line, &why);
        if (rc != 0) return err_set(err, rc, "%s: line %zu: %s", file, lines.number, why.msg);
    }
    return end_section(&r, conf->text.p + conf->text.n, err);
}

int sources_conf_load(struct sources_conf *conf, const char *dir, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_TEXT_MAX};
    struct stat st, of;
    int rc = file_join(path, dir, SOURCES_CONF, err);
    if (rc != 0) return rc;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "%s", path);
    }
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "%s: not a regular file", path);
    if (stat(dir, &of) != 0) return err_errno(err, errno, "%s", dir);
    if (st.st_uid != geteuid() && (geteuid() != 0 || st.st_uid != of.st_uid)) { /* root may look at a user's ledger */
        return err_set(err, ERR_INVALID, "%s: it belongs to another user", path);
    }
    if ((st.st_mode & 077) != 0) {
        return err_set(err, ERR_INVALID, "%s: its mode is %04o; expected 0600 ('chmod 600 %s')", path,
                       (unsigned)st.st_mode & 07777, path);
    }
    rc = file_read_regular(path, &text, err);
    if (rc == 0) rc = sources_conf_parse(conf, bytes_of_buf(&text), path, err);
    buf_done(&text);
    return rc;
}

void sources_conf_done(struct sources_conf *conf) {
    buf_done(&conf->text);
    buf_done(&conf->values);
    free(conf->entries);
    *conf = (struct sources_conf){0};
}

const struct sources_entry *sources_conf_find(const struct sources_conf *conf, const char *name) {
    for (size_t i = 0; i < conf->n; i++) {
        if (strcmp(conf->entries[i].name, name) == 0) return &conf->entries[i];
    }
    return NULL;
}

/* ---- one entry ---------------------------------------------------------------------------------------------------- */

/* A file that is not there yet is waited for. */
static int check_followed(const char *path, struct err *err) {
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "path '%s'", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, ERR_INVALID, "path '%s' is %s; expected a file that grows", path,
                       S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "path '%s'", path);
    uint8_t magic[2] = {0};
    bool packed = pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    close(fd);
    return packed ? err_set(err, ERR_INVALID, "path '%s' is compressed; expected a file that grows line by line", path) : 0;
}

int sources_entry_check(const struct sources_entry *entry, struct err *err) {
    uint8_t *token = NULL;
    size_t n = 0;
    int rc = entry->token_file != NULL ? bearer_read(entry->token_file, &token, &n, err) : 0;
    crypt_secret_free(token);
    if (rc != 0) {
        err_prefix(err, "token-file");
    } else if (entry->follow && entry->n_paths > 0) {
        rc = check_followed(entry->paths[0], err);
    }
    if (rc != 0) {
        err_prefix(err, "[%s]", entry->name);
    }
    return rc;
}

void sources_entry_options(const struct sources_entry *e, struct ingest_options *ret) {
    *ret = (struct ingest_options){.paths = e->paths,
                                   .n_paths = e->n_paths,
                                   .root = e->root,
                                   .actor = e->actor,
                                   .url = e->url,
                                   .token_file = e->token_file,
                                   .units = e->units,
                                   .n_units = e->n_units,
                                   .models = e->models,
                                   .listen = e->listen,
                                   .every_ns = e->every_ns,
                                   .follow = e->follow,
                                   .verify = e->verify};
}

enum sources_manner sources_entry_manner(const struct sources_entry *entry) {
    return entry->listen != NULL ? SOURCES_RECEIVER : entry->follow ? SOURCES_FOLLOWER : SOURCES_POLLER;
}

const char *sources_manner_name(enum sources_manner manner) {
    static const char *const names[] = {
        [SOURCES_RECEIVER] = "receiver", [SOURCES_POLLER] = "poller", [SOURCES_FOLLOWER] = "follower"};
    return names[manner];
}
