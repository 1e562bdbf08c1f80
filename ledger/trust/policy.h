/* What a verifier trusts: C2SP tlog-policy files, and this project's trust file, which has the same lines and adds
 *
 *   genesis <origin> <hex leaf of seq 0>
 *   head <origin> <size> <base64 root>       the newest head that a verify has seen
 *
 * None of it comes from a ledger or a bundle: only from the caller or the user's own file. */
#ifndef LEDGER_TRUST_POLICY_H
#define LEDGER_TRUST_POLICY_H

#include "ledger/tree/note.h"

#define POLICY_MAX 256 /* logs, witnesses, groups, genesis lines, heads: each at most this many */

struct policy; /* parsed; owned by the caller */

struct policy_log {
    struct note_vkey vkey;
};
struct policy_genesis {
    char origin[NOTE_NAME_MAX + 1];
    uint8_t leaf[MERKLE_HASH];
};
struct policy_head {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    uint8_t root[MERKLE_HASH];
};

/* An empty policy: no logs, quorum none. NULL when out of memory. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);
/* Merges a policy text into `policy`, so that a policy and a trust file become one: logs, witnesses and groups that an
 * earlier text defined identically are kept, the stricter quorum counts (two different ones are refused), heads merge
 * as in policy_set_head (ERR_CONFLICT). A refused text leaves the policy as it was.
 *
 * `trust` also accepts genesis and head lines, a missing quorum line, and one log key under several names. ERR_INVALID with
 * "line N: ..." and what is accepted. `name` is the file's name for the message; may be NULL. */
int policy_decode(struct policy *policy, struct bytes text, bool trust, const char *name, struct err *err);
/* Writes the policy as text in a fixed order (logs, witnesses, groups, quorum, genesis, heads). */
int policy_encode(struct buf *out, const struct policy *policy);

/* What a trust file says about one origin. */
struct policy_known {
    bool has_head, has_genesis;
    struct policy_head head;
    struct policy_genesis genesis;
};
/* Reads only that, for callers that open ledgers often and judge no signatures: nothing else is parsed, and invalid lines
 * are ignored. */
void policy_look(struct bytes text, struct bytes origin, struct policy_known *ret);

/* Adding an existing entry changes nothing and returns 0. ERR_LIMIT when full; ERR_CONFLICT: an origin has only one genesis
 * leaf. */
int policy_add_log(struct policy *policy, const struct note_vkey *vkey, struct err *err);
int policy_add_genesis(struct policy *policy, struct bytes origin, const uint8_t leaf[MERKLE_HASH], struct err *err);
/* Keeps the larger size for an origin; ERR_CONFLICT for the same size with another root. */
int policy_set_head(struct policy *policy, struct bytes origin, uint64_t size, const uint8_t root[MERKLE_HASH],
                    struct err *err);

/* Remove what is known about an origin, or all log keys of a name except `keep`, which may be NULL. True when something
 * was removed. */
bool policy_drop_genesis(struct policy *policy, struct bytes origin);
bool policy_drop_head(struct policy *policy, struct bytes origin);
bool policy_drop_logs(struct policy *policy, struct bytes name, const struct note_vkey *keep);

size_t policy_logs(const struct policy *policy);
const struct policy_log *policy_log_at(const struct policy *policy, size_t i);
size_t policy_witnesses(const struct policy *policy);
const struct note_vkey *policy_witness_at(const struct policy *policy, size_t i, const char **ret_name);
const struct policy_genesis *policy_genesis_find(const struct policy *policy, struct bytes origin, size_t *from);
const struct policy_head *policy_head_find(const struct policy *policy, struct bytes origin);
size_t policy_genesis_count(const struct policy *policy);
const struct policy_genesis *policy_genesis_at(const struct policy *policy, size_t i);
size_t policy_heads(const struct policy *policy);
const struct policy_head *policy_head_at(const struct policy *policy, size_t i);

/* The caller compares the checkpoint's origin with the one that it asked about: a log's key name need not be its
 * origin. */
struct policy_verdict {
    bool log_known;                  /* some log key of the policy signed the note, and no line of a known key is bad */
    bool bad;                        /* a line of a known key does not verify: reject */
    bool quorum;                     /* the quorum is met ("none" is always met) */
    bool quorum_none;                /* the policy requires no witnesses */
    size_t cosigned;                 /* how many known witnesses signed */
    struct note_vkey log;            /* the log key that signed, when log_known */
    const struct note_vkey *bad_key; /* borrowed: the first whose line is bad */
};
/* Judges one decoded checkpoint note against the policy. */
void policy_judge(const struct policy *policy, const struct note *note, struct policy_verdict *ret);

#endif
