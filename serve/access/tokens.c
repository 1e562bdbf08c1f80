/* The file is JSON, written whole and renamed into place, under a lock on a file beside it. */
#include "serve/access/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"

#define SCHEMA   "ledger.tokens/1"
#define PREFIX   "ledger_"
#define FILE_MAX ((size_t)1 << 20)
#define LOCK     "tokens.lock"

static const struct {
    const char *name, *about;
} scopes[ACCESS_SCOPES] = {
#define SCOPE(name_, text_, about_) [ACCESS_BIT_##name_] = {text_, about_},
#include "serve/access/scopes.def"
#undef SCOPE
};

const char *access_scope_name(size_t bit) {
    return scopes[bit].name;
}

const char *access_scope_about(size_t bit) {
    return scopes[bit].about;
}

unsigned access_scope_of(struct bytes name) {
    for (size_t i = 0; i < ACCESS_SCOPES; i++) {
        if (bytes_is(name, scopes[i].name)) return 1u << i;
    }
    return 0;
}

bool access_name_ok(struct bytes name) {
    if (name.n == 0 || name.n > ACCESS_NAME_MAX || bytes_is(name, "page")) return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '.' && c != '_' && c != '-'))) return false;
    }
    return true;
}

bool access_kind_ok(struct bytes kind) {
    if (kind.n == 0 || kind.n >= ACCESS_KIND_MAX) return false;
    for (size_t i = 0; i < kind.n; i++) {
        uint8_t c = kind.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        if (!word && (c != '*' || i + 1 != kind.n || i == 0)) return false;
    }
    return true;
}

bool access_token_may(const struct access_token *token, struct bytes kind) {
    for (size_t i = 0; i < token->n_kinds; i++) {
        struct bytes pattern = bytes_of(token->kinds[i]);
        bool many = pattern.p[pattern.n - 1] == '*';
        if (many ? bytes_starts(kind, (struct bytes){pattern.p, pattern.n - 1}) : bytes_eq(kind, pattern)) return true;
    }
    return false;
}

void access_token_make(char ret[ACCESS_TEXT], uint8_t ret_sha256[HASH_LEN]) {
    uint8_t secret[32];
    crypt_random(secret, sizeof(secret));
    snprintf(ret, ACCESS_TEXT, PREFIX);
    text_hex(ret + strlen(PREFIX), secret, sizeof(secret));
    crypt_wipe(secret, sizeof(secret));
    struct bytes text = bytes_of(ret);
    hash_parts(ret_sha256, &text, 1);
}

/* ---- the file ---- */

static int broken(const char *path, const char *what, struct err *err) {
    return err_set(err, ERR_INVALID, "'%s': %s; 'ledger token' writes this file", path, what);
}

static int read_kinds(struct bytes map, const char *path, struct access_token *ret, struct err *err) {
    struct bytes raw;
    struct mp_reader reader;
    struct mp_item item;
    if (mp_map_get(map, "kinds", &raw) != 0) return 0;
    mp_reader_init(&reader, raw);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY || item.count > ACCESS_KINDS) {
        return broken(path, "'kinds' is not a list, or too long", err);
    }
    for (uint32_t n = item.count; n > 0; n--) {
        bool good = mp_next(&reader, &item, NULL) == 0 && item.type == MP_STR && access_kind_ok(item.data);
        if (!good) return broken(path, "a token's 'kinds' has what is no kind", err);
        memcpy(ret->kinds[ret->n_kinds++], item.data.p, item.data.n);
    }
    return 0;
}

static int read_token(struct bytes map, const char *path, struct access_token *ret, struct err *err) {
    struct bytes name = mp_get_text(map, "name"), hex = mp_get_text(map, "sha256"), raw;
    struct mp_reader reader;
    struct mp_item item;
    *ret = (struct access_token){0};
    if (!access_name_ok(name)) return broken(path, "a token's 'name' is not one", err);
    if (text_unhex(ret->sha256, HASH_LEN, hex) != 0) {
        return broken(path, "a token's 'sha256' is not 64 hexadecimal digits", err);
    }
    memcpy(ret->name, name.p, name.n);
    ret->created = mp_get_uint(map, "created", 0);
    ret->expires = mp_get_uint(map, "expires", 0);
    ret->revoked = mp_get_uint(map, "revoked", 0);
    if (mp_map_get(map, "scopes", &raw) != 0) return broken(path, "a token has no 'scopes'", err);
    mp_reader_init(&reader, raw);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY) return broken(path, "'scopes' is not a list", err);
    for (uint32_t n = item.count; n > 0; n--) {
        unsigned scope = mp_next(&reader, &item, NULL) == 0 && item.type == MP_STR ? access_scope_of(item.data) : 0;
        if (scope == 0) return broken(path, "a token has a scope that this program does not know", err);
        ret->scopes |= scope;
    }
    return read_kinds(map, path, ret, err);
}

static int read_all(struct bytes mp, const char *path, struct access_tokens *ret, struct err *err) {
    struct mp_reader reader;
    struct mp_item item;
    struct bytes raw;
    if (!bytes_is(mp_get_text(mp, "schema"), SCHEMA)) return broken(path, "it is not of schema " SCHEMA, err);
    if (mp_map_get(mp, "tokens", &raw) != 0) return broken(path, "'tokens' is missing", err);
    mp_reader_init(&reader, raw);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY) return broken(path, "'tokens' is not a list", err);
    int rc = 0;
    for (uint32_t n = item.count; rc == 0 && n > 0; n--) {
        struct access_token token;
        struct bytes one;
        rc = mp_skip(&reader, 1, &one, err);
        if (rc == 0) rc = read_token(one, path, &token, err);
        if (rc == 0) rc = access_tokens_add(ret, &token, err);
        if (rc == ERR_CONFLICT) rc = broken(path, "two tokens have the same name", err);
    }
    return rc;
}

int access_tokens_read(const char *dir, struct access_tokens *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = FILE_MAX}, mp = {.max = FILE_MAX};
    struct access_tokens tokens = {0};
    struct stat st;
    int rc = file_join(path, dir, ACCESS_FILE, err);
    if (rc != 0) return rc;
    if (lstat(path, &st) != 0) {
        if (errno != ENOENT) return err_errno(err, errno, "'%s'", path);
        *ret = tokens;
        return 0;
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return err_set(err, ERR_INVALID, "'%s' must be a file of this user with mode 0600", path);
    }
    rc = file_read_regular(path, &text, err);
    if (rc == 0) {
        rc = json_to_mp(bytes_of_buf(&text), &mp, err);
        if (rc != 0) err_prefix(err, "'%s'", path);
    }
    if (rc == 0) rc = read_all(bytes_of_buf(&mp), path, &tokens, err);
    if (rc == 0) {
        *ret = tokens;
    } else {
        access_tokens_done(&tokens);
    }
    buf_done(&text);
    buf_done(&mp);
    return rc;
}

static void put_token(struct obj *list, const struct access_token *t) {
    struct obj one = {0}, names = {0}, kinds = {0};
    obj_text(&one, "name", t->name);
    obj_hex(&one, "sha256", t->sha256, HASH_LEN);
    for (size_t i = 0; i < ACCESS_SCOPES; i++) {
        if ((t->scopes & 1u << i) != 0) obj_text(&names, NULL, scopes[i].name);
    }
    obj_list(&one, "scopes", &names);
    for (size_t i = 0; i < t->n_kinds; i++) {
        obj_text(&kinds, NULL, t->kinds[i]);
    }
    obj_list(&one, "kinds", &kinds);
    obj_uint(&one, "created", t->created);
    obj_uint(&one, "expires", t->expires);
    obj_uint(&one, "revoked", t->revoked);
    obj_obj(list, NULL, &one);
}

static int write_all(const char *path, const struct access_tokens *tokens, struct err *err) {
    struct obj doc = {0}, list = {0};
    struct buf text = {.max = FILE_MAX};
    obj_text(&doc, "schema", SCHEMA);
    for (size_t i = 0; i < tokens->n; i++) {
        put_token(&list, &tokens->one[i]);
    }
    obj_list(&doc, "tokens", &list);
    int rc = obj_json(&doc, JSON_PRETTY, &text, err);
    buf_put_u8(&text, '\n');
    if (rc == 0) rc = buf_check(&text, "the tokens", err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&text), 0600, err);
    obj_done(&doc);
    buf_done(&text);
    return rc;
}

int access_tokens_change(const char *dir, int (*change)(void *ctx, struct access_tokens *tokens, struct err *err),
                         void *ctx, struct err *err) {
    char path[FILE_PATH_MAX], lock[FILE_PATH_MAX];
    struct access_tokens tokens = {0};
    int rc = file_join(path, dir, ACCESS_FILE, err);
    if (rc == 0) rc = file_join(lock, dir, LOCK, err);
    if (rc != 0) return rc;
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        rc = err_errno(err, errno, "'%s'", lock);
    }
    if (rc == 0) rc = access_tokens_read(dir, &tokens, err);
    if (rc == 0) rc = change(ctx, &tokens, err);
    if (rc == 0) rc = write_all(path, &tokens, err);
    access_tokens_done(&tokens);
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

/* ---- in memory ---- */

void access_tokens_done(struct access_tokens *tokens) {
    free(tokens->one);
    *tokens = (struct access_tokens){0};
}

int access_tokens_add(struct access_tokens *tokens, const struct access_token *token, struct err *err) {
    if (access_tokens_named(tokens, bytes_of(token->name)) != NULL) {
        return err_set(err, ERR_CONFLICT, "there is a token '%s' already; names are not used again", token->name);
    }
    if (tokens->n == ACCESS_ALL_MAX) return err_set(err, ERR_LIMIT, "there are %d tokens, and no more", ACCESS_ALL_MAX);
    struct access_token *more = realloc(tokens->one, (tokens->n + 1) * sizeof(*more));
    if (more == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    more[tokens->n++] = *token;
    tokens->one = more;
    return 0;
}

struct access_token *access_tokens_named(const struct access_tokens *tokens, struct bytes name) {
    for (size_t i = 0; i < tokens->n; i++) {
        if (bytes_is(name, tokens->one[i].name)) return &tokens->one[i];
    }
    return NULL;
}

enum access_verdict access_tokens_find(const struct access_tokens *tokens, struct bytes text, uint64_t now,
                                       const struct access_token **ret) {
    const struct access_token *found = NULL;
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &text, 1);
    for (size_t i = 0; i < tokens->n; i++) {
        if (crypt_same(digest, tokens->one[i].sha256, HASH_LEN)) found = &tokens->one[i];
    }
    if (found == NULL) return ACCESS_UNKNOWN;
    *ret = found;
    if (found->revoked != 0) return ACCESS_REVOKED;
    return found->expires != 0 && now >= found->expires ? ACCESS_EXPIRED : ACCESS_GOOD;
}
