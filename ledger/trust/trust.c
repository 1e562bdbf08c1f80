/* Gathers trust from files and options. Nothing here reads a ledger. */
#include "ledger/trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "ledger/tree/line.h"

#define TRUST_FILE_MAX ((size_t)4 << 20)

struct log_trust *log_trust_new(void) {
    struct log_trust *trust = calloc(1, sizeof(*trust));
    if (trust != NULL && (trust->policy = policy_new()) == NULL) {
        free(trust);
        trust = NULL;
    }
    return trust;
}

void log_trust_free(struct log_trust *trust) {
    if (trust == NULL) return;
    for (size_t i = 0; i < trust->n_checkpoints; i++) {
        buf_done(&trust->checkpoint[i]->note);
        free(trust->checkpoint[i]);
    }
    policy_free(trust->policy);
    free(trust->author);
    free(trust);
}

void log_trust_only_files(struct log_trust *trust) {
    trust->only_files = true;
}

static int read_path(const struct log_trust *trust, const char *path, struct buf *out, struct err *err) {
    return trust->only_files ? file_read_regular(path, out, err) : file_read(path, out, err);
}

static int add_policy(struct log_trust *trust, const char *path, bool is_trust, struct err *err) {
    struct buf text = {.max = TRUST_FILE_MAX};
    int rc = read_path(trust, path, &text, err);
    if (rc == 0) rc = policy_decode(trust->policy, bytes_of_buf(&text), is_trust, path, err);
    buf_done(&text);
    return rc;
}

int log_trust_policy(struct log_trust *trust, const char *path, struct err *err) {
    trust->named = true;
    return add_policy(trust, path, false, err);
}

int log_trust_file(struct log_trust *trust, const char *path, struct err *err) {
    return file_exists(path) ? add_policy(trust, path, true, err) : 0;
}

int log_trust_key(struct log_trust *trust, const char *vkey, struct err *err) {
    struct note_vkey key;
    int rc = note_vkey_decode(bytes_of(vkey), &key, err);
    if (rc == 0 && key.alg != NOTE_ED25519) {
        rc = err_set(err, ERR_INVALID, "'%s' is not a log key (Ed25519)", vkey);
    }
    trust->named = true;
    if (rc == 0) rc = policy_add_log(trust->policy, &key, err);
    return rc;
}

int log_trust_genesis(struct log_trust *trust, const char *leaf_hex, struct err *err) {
    if (trust->n_genesis == POLICY_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d genesis leaves", POLICY_MAX);
    }
    if (text_unhex(trust->genesis[trust->n_genesis], MERKLE_HASH, bytes_of(leaf_hex)) != 0) {
        return err_set(err, ERR_INVALID, "'%s' is not a leaf hash; expected 64 lowercase hex digits", leaf_hex);
    }
    trust->n_genesis++;
    return 0;
}

int log_trust_checkpoint(struct log_trust *trust, const char *path, struct err *err) {
    if (trust->n_checkpoints == TRUST_CHECKPOINTS_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d checkpoints", TRUST_CHECKPOINTS_MAX);
    }
    struct trust_checkpoint *known = calloc(1, sizeof(*known));
    if (known == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    snprintf(known->path, sizeof(known->path), "%s", path);
    buf_init(&known->note, NOTE_MAX);
    int rc = read_path(trust, path, &known->note, err);
    if (rc == 0) {
        rc = note_decode(bytes_of_buf(&known->note), &known->parsed, err);
        if (rc == 0) rc = checkpoint_decode(known->parsed.text, &known->point, err);
        if (rc != 0) {
            err_prefix(err, "'%s'", path);
            rc = err == NULL ? rc : (err->code = ERR_INVALID);
        }
    }
    if (rc != 0) {
        buf_done(&known->note);
        free(known);
        return rc;
    }
    trust->checkpoint[trust->n_checkpoints++] = known;
    return 0;
}

static int add_author(struct log_trust *trust, struct bytes line, struct err *err) {
    struct note_vkey key, *grown;
    int rc = note_vkey_decode(line, &key, err);
    if (rc == 0 && key.alg != NOTE_ED25519) {
        rc = err_set(err, ERR_INVALID, "'%s' is not an Ed25519 key", key.name);
    }
    if (rc == 0 && trust->n_authors == TRUST_AUTHORS_MAX) {
        rc = err_set(err, ERR_LIMIT, "more than %d authors", TRUST_AUTHORS_MAX);
    }
    if (rc != 0) return rc;
    grown = realloc(trust->author, (trust->n_authors + 1) * sizeof(*grown));
    if (grown == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    trust->author = grown;
    trust->author[trust->n_authors++] = key;
    return 0;
}

int log_trust_authors(struct log_trust *trust, const char *path, struct err *err) {
    struct buf text = {.max = TRUST_FILE_MAX};
    struct line_reader lines;
    struct bytes line;
    int rc = read_path(trust, path, &text, err);
    if (rc == 0 && text.n > 0 && text.p[text.n - 1] != '\n') {
        buf_put_u8(&text, '\n');
        rc = buf_check(&text, path, err);
    }
    line_init(&lines, bytes_of_buf(&text));
    while (rc == 0 && line_next(&lines, &line)) {
        if (line.n > 0 && line.p[0] != '#') {
            rc = add_author(trust, line, err);
            if (rc != 0) {
                err_prefix(err, "'%s': line %zu", path, lines.number);
            }
        }
    }
    buf_done(&text);
    return rc;
}

const struct note_vkey *trust_author_find(const struct log_trust *trust, struct bytes name,
                                          const uint8_t id[NOTE_KEY_ID_LEN]) {
    for (size_t i = 0; trust != NULL && i < trust->n_authors; i++) {
        if (bytes_is(name, trust->author[i].name) && memcmp(trust->author[i].id, id, NOTE_KEY_ID_LEN) == 0) {
            return &trust->author[i];
        }
    }
    return NULL;
}
