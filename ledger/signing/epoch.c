/* Judges epoch events. A name is judged before it is compared: a fault names the wrong field and the rule. */
#include "ledger/signing/epoch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/log.h"

#define EPOCH_SUFFIX "/epoch"

static int fault(struct epoch_fault *f, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The first fault is kept. */
static int fault(struct epoch_fault *f, const char *rule, const char *fmt, ...) {
    va_list ap;
    if (f->rule == NULL) {
        f->rule = rule;
        va_start(ap, fmt);
        vsnprintf(f->text, sizeof(f->text), fmt, ap);
        va_end(ap);
    }
    return 1;
}

bool epoch_is_kind(struct bytes kind) {
    return bytes_is(kind, "ledger.created") || bytes_is(kind, "ledger.key_rotated") || bytes_is(kind, "ledger.restored");
}

bool epoch_is_kept(struct bytes kind) {
    return epoch_is_kind(kind) || bytes_is(kind, "ledger.erased") || bytes_is(kind, "ledger.corrected");
}

bool epoch_same_key(const struct note_vkey *a, const struct note_vkey *b) {
    return memcmp(a->public_key, b->public_key, CRYPT_PUBLIC_LEN) == 0;
}

struct bytes epoch_first_origin(struct bytes origin) {
    size_t n = origin.n;
    while (n > 0 && origin.p[n - 1] >= '0' && origin.p[n - 1] <= '9') {
        n--;
    }
    bool restored = n < origin.n && n > 2 && origin.p[n - 1] == 'r' && origin.p[n - 2] == '/';
    return restored ? (struct bytes){origin.p, n - 2} : origin;
}

bool epoch_restore_number(struct bytes origin, const char *first, uint64_t *ret) {
    size_t n = strlen(first);
    if (bytes_is(origin, first)) {
        *ret = 0;
        return true;
    }
    return bytes_has_prefix(origin, first) && origin.n > n + 2 && origin.p[n] == '/' && origin.p[n + 1] == 'r' &&
           text_parse_u64((struct bytes){origin.p + n + 2, origin.n - n - 2}, ret) == 0;
}

/* ---- fields ---- */

static bool get(struct bytes body, const char *name, enum mp_type type, struct mp_item *ret) {
    struct bytes raw;
    return mp_map_get(body, name, &raw) == 0 && mp_scalar(raw, ret) == 0 && ret->type == type;
}

static bool has(struct bytes body, const char *name) {
    struct bytes raw;
    return mp_map_get(body, name, &raw) == 0;
}

static int take_key(struct bytes body, const char *name, const char *rule, struct note_vkey *ret, struct epoch_fault *f) {
    struct mp_item item;
    bool there = get(body, name, MP_STR, &item);
    if (there && note_vkey_decode(item.data, ret, NULL) != 0) {
        fault(f, "F9", "its %s is not a verifier key", name);
        return ERR_CORRUPT;
    }
    if (!there || ret->alg != NOTE_ED25519) {
        fault(f, rule, "its %s is not the verifier key of an Ed25519 key", name);
        return ERR_CORRUPT;
    }
    return 0;
}

static int take_origin(struct bytes body, const char *rule, char ret[NOTE_NAME_MAX + 1], struct epoch_fault *f) {
    struct mp_item item;
    if (!get(body, "origin", MP_STR, &item) || note_check_name(item.data, NULL) != 0) {
        fault(f, rule, "its origin is not the name of a log");
        return ERR_CORRUPT;
    }
    memcpy(ret, item.data.p, item.data.n);
    ret[item.data.n] = '\0';
    return 0;
}

/* The epoch key is named after the origin at that time. */
static int judge_name(const struct note_vkey *key, const char *origin, struct epoch_fault *f) {
    size_t n = strlen(origin);
    if (strncmp(key->name, origin, n) == 0 && strcmp(key->name + n, EPOCH_SUFFIX) == 0) return 0;
    return fault(f, "F19", "its epoch key is named '%s', not '%s" EPOCH_SUFFIX "'", key->name, origin);
}

static int judge_number(struct bytes body, const struct epoch_place *at, struct epoch_fault *f) {
    struct mp_item item;
    bool there = get(body, "epoch", MP_UINT, &item);
    if (there && (at->number == LOG_NO_SEQ ? item.uint > 0 : item.uint == at->number)) return 0;
    return at->number == LOG_NO_SEQ
               ? fault(f, "F20", "its epoch is not a number from 1 on")
               : fault(f, "F20", "its epoch is not %llu, one more than before", (unsigned long long)at->number);
}

/* ---- kinds ---- */

static int judge_created(struct bytes body, struct epoch_said *ret, struct epoch_fault *f) {
    struct mp_item item;
    if (!get(body, "format", MP_UINT, &item) || item.uint != 1) {
        fault(f, "F16", "its format is not the integer 1");
    }
    int rc = take_origin(body, "F17", ret->origin, f);
    if (rc == 0) rc = take_key(body, "log_vkey", "F18", &ret->log, f);
    if (rc == 0) rc = take_key(body, "epoch_vkey", "F19", &ret->key, f);
    if (rc != 0) return rc;
    if (strlen(ret->origin) > EPOCH_ORIGIN_MAX || strstr(ret->origin, "://") != NULL) {
        fault(f, "F17", "its origin '%s' is longer than %d bytes or has a scheme", ret->origin, EPOCH_ORIGIN_MAX);
    }
    if (strcmp(ret->log.name, ret->origin) != 0) {
        fault(f, "F18", "its log key is named '%s', not '%s' as the log", ret->log.name, ret->origin);
    }
    judge_name(&ret->key, ret->origin, f);
    if (epoch_same_key(&ret->key, &ret->log)) {
        fault(f, "F21", "its epoch key is the log key");
    }
    return f->rule != NULL;
}

static int judge_rotated(struct bytes body, const struct epoch_place *at, struct epoch_said *ret, struct epoch_fault *f) {
    int rc = take_key(body, "vkey", "F19", &ret->key, f);
    if (rc != 0) return rc;
    snprintf(ret->origin, sizeof(ret->origin), "%s", at->now == NULL ? "" : at->now);
    judge_number(body, at, f);
    if (at->now != NULL) {
        judge_name(&ret->key, at->now, f);
    }
    return f->rule != NULL;
}

/* The restored tree must be the tree before the event. */
static void judge_tree(struct bytes body, const struct epoch_place *at, struct epoch_fault *f) {
    struct mp_item size, root;
    char want[2 * EVENT_HASH + 8] = "sha256:";
    if (at->root != NULL) {
        text_hex(want + 7, at->root, EVENT_HASH);
    }
    if (!get(body, "size", MP_UINT, &size) || size.uint != at->seq || !get(body, "root", MP_STR, &root) ||
        (at->root != NULL && !bytes_is(root.data, want))) {
        fault(f, "F22", "the size and root that it was restored from are not those of the events before it");
    }
}

/* The log must continue under its own origin, or under "<first origin>/r<n>" with a larger n than before. */
static void judge_origin(const char *origin, const struct epoch_place *at, struct epoch_fault *f) {
    uint64_t old = 0, number = 0;
    bool known = at->now != NULL && epoch_restore_number(bytes_of(at->now), at->first, &old);
    if (at->now != NULL && strcmp(origin, at->now) == 0) return;
    if (!epoch_restore_number(bytes_of(origin), at->first, &number) || (known && number <= old)) {
        fault(f, "F23", "it continues under '%s', which is not a restored origin of this log", origin);
    }
}

/* `newest` and `origin_before` say how the origin was chosen; early restores were written without them. */
static void judge_before(struct bytes body, const char *origin, const struct epoch_place *at, struct epoch_fault *f) {
    struct mp_item item;
    char before[NOTE_NAME_MAX + 1] = "";
    if (at->now != NULL) {
        snprintf(before, sizeof(before), "%s", at->now);
    }
    if (has(body, "origin_before")) {
        if (!get(body, "origin_before", MP_STR, &item) || item.data.n > NOTE_NAME_MAX ||
            (at->now != NULL && !bytes_is(item.data, at->now))) {
            fault(f, "F24", "its origin_before is not the log's origin before it");
            return;
        }
        memcpy(before, item.data.p, item.data.n);
        before[item.data.n] = '\0';
    }
    if (has(body, "newest") &&
        (!get(body, "newest", MP_BOOL, &item) || (before[0] != '\0' && item.boolean != (strcmp(origin, before) == 0)))) {
        fault(f, "F24", "its newest contradicts its origin, '%s' after '%s'", origin, before);
    }
}

static int judge_restored(struct bytes body, const struct epoch_place *at, struct epoch_said *ret, struct epoch_fault *f) {
    ret->restored = true;
    int rc = take_origin(body, "F23", ret->origin, f);
    if (rc == 0) rc = take_key(body, "epoch_vkey", "F19", &ret->key, f);
    if (rc != 0) return rc;
    judge_tree(body, at, f);
    if (at->first != NULL) {
        judge_origin(ret->origin, at, f);
    }
    judge_before(body, ret->origin, at, f);
    judge_number(body, at, f);
    judge_name(&ret->key, ret->origin, f);
    return f->rule != NULL;
}

int epoch_judge(struct bytes kind, struct bytes body, const struct epoch_place *place, struct epoch_said *ret,
                struct epoch_fault *ret_fault) {
    struct epoch_said said = {.restored = false};
    ret_fault->rule = NULL;
    int rc = bytes_is(kind, "ledger.created")    ? judge_created(body, &said, ret_fault)
             : bytes_is(kind, "ledger.restored") ? judge_restored(body, place, &said, ret_fault)
                                                 : judge_rotated(body, place, &said, ret_fault);
    if (rc >= 0) {
        *ret = said;
    }
    return rc;
}
