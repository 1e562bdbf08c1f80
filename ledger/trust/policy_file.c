/* The text of policies and trust files. Lines of words; words are separated by spaces and tabs and are opaque bytes, except
 * where a word is a key, a number or a hash.
 *
 * A policy may be read from several files (a policy from the caller, the user's trust file). A line that one file repeats
 * is a fault of that file; a line that a second file repeats is not. `seen` tells the two apart. A refused file leaves
 * the policy as it was before its first line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/tree/line.h"
#include "ledger/trust/policy_data.h"

#define TEXT_MAX ((size_t)1 << 20)
#define URL_MAX  2048

struct parser {
    struct policy *policy;
    bool trust;
    bool quorum_seen;
    bool log_seen[POLICY_MAX];
    bool node_seen[POLICY_NODES];
    bool head_seen[POLICY_MAX];
};

/* ---- words -------------------------------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static bool next_word(struct bytes *line, struct bytes *ret) {
    size_t i = 0;
    while (i < line->n && is_blank(line->p[i])) {
        i++;
    }
    size_t start = i;
    while (i < line->n && !is_blank(line->p[i])) {
        i++;
    }
    *ret = (struct bytes){line->n == 0 ? NULL : line->p + start, i - start};
    *line = (struct bytes){line->n == 0 ? NULL : line->p + i, line->n - i};
    return ret->n > 0;
}

/* Cuts the last word off the line, with the blanks before it. */
static bool last_word(struct bytes *line, struct bytes *ret) {
    size_t end = line->n;
    while (end > 0 && is_blank(line->p[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && !is_blank(line->p[start - 1])) {
        start--;
    }
    *ret = (struct bytes){line->p + start, end - start};
    while (start > 0 && is_blank(line->p[start - 1])) {
        start--;
    }
    line->n = start;
    return ret->n > 0;
}

static bool no_more(struct bytes line) {
    struct bytes word;
    return !next_word(&line, &word);
}

/* A word for a message: truncated and safe to print on a terminal. */
struct shown {
    char text[200];
};

static struct shown show(struct bytes word) {
    struct shown ret;
    struct buf safe = {.max = 4096};
    struct bytes cut = {word.p, word.n > 60 ? 60 : word.n};
    text_safe(&safe, cut);
    snprintf(ret.text, sizeof(ret.text), "%.*s%s", safe.fail != 0 ? 0 : (int)safe.n, safe.n == 0 ? "" : (char *)safe.p,
             cut.n < word.n ? "..." : "");
    buf_done(&safe);
    return ret;
}

/* The rest of a log or witness line: an optional URL. *ret is owned by the caller; NULL when there is none. */
static int read_url(struct bytes line, char **ret, struct err *err) {
    struct bytes url;
    *ret = NULL;
    if (!next_word(&line, &url)) return 0;
    if (url.n > URL_MAX) {
        return err_set(err, ERR_INVALID, "the URL is longer than %d bytes", URL_MAX);
    }
    if (!no_more(line)) return err_set(err, ERR_INVALID, "nothing may follow the URL");
    *ret = strndup((const char *)url.p, url.n);
    return *ret == NULL ? err_set(err, ERR_NOMEM, "policy: out of memory") : 0;
}

static const char *node_name(const struct policy *policy, uint16_t node) {
    if (node == POLICY_NODE_NONE) return "none";
    return node < POLICY_MAX ? policy->witnesses[node].name : policy->groups[node - POLICY_MAX].name;
}

static uint16_t find_node(const struct policy *policy, struct bytes name) {
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        if (bytes_is(name, policy->witnesses[i].name)) return (uint16_t)i;
    }
    for (size_t i = 0; i < policy->n_groups; i++) {
        if (bytes_is(name, policy->groups[i].name)) return (uint16_t)(POLICY_MAX + i);
    }
    return POLICY_NODE_NONE;
}

static int check_new_name(struct bytes name, struct err *err) {
    if (bytes_is(name, "none")) {
        return err_set(err, ERR_INVALID, "the name 'none' is reserved for 'quorum none'");
    }
    if (name.n > NOTE_NAME_MAX) {
        return err_set(err, ERR_INVALID, "the name '%s' is longer than %d bytes", show(name).text, NOTE_NAME_MAX);
    }
    return 0;
}

/* Too many lines of a kind are a fault of the file. */
static int limit_to_invalid(int rc, struct err *err) {
    if (rc == ERR_LIMIT && err != NULL) {
        err->code = ERR_INVALID;
    }
    return rc == ERR_LIMIT ? ERR_INVALID : rc;
}

/* ---- lines -------------------------------------------------------------------------------------------------------- */

static int read_log(struct parser *parser, struct bytes line, struct err *err) {
    struct policy *policy = parser->policy;
    struct bytes text;
    struct note_vkey vkey;
    char *url = NULL;
    if (!next_word(&line, &text)) return err_set(err, ERR_INVALID, "must be 'log <vkey> [<url>]'");
    int rc = note_vkey_decode(text, &vkey, err);
    if (rc == 0) rc = read_url(line, &url, err);
    if (rc != 0) return rc;
    size_t at = policy->n_logs;
    for (size_t i = 0; i < policy->n_logs; i++) {
        const struct note_vkey *known = &policy->logs[i].vkey;
        /* A restored ledger continues under a new origin with the old log key, so a trust file may need both names. */
        bool same =
            parser->trust ? note_vkey_eq(known, &vkey) : memcmp(known->public_key, vkey.public_key, CRYPT_PUBLIC_LEN) == 0;
        if (same && parser->log_seen[i]) {
            free(url);
            return err_set(err, ERR_INVALID, "the log key of '%s' was given before as '%s'", vkey.name, known->name);
        }
        at = note_vkey_eq(&policy->logs[i].vkey, &vkey) ? i : at;
    }
    bool is_new = at == policy->n_logs;
    rc = policy_add_log(policy, &vkey, err);
    if (rc != 0 || !is_new) {
        free(url);
    } else {
        policy->log_urls[at] = url;
    }
    if (rc == 0) {
        parser->log_seen[at] = true;
    }
    return limit_to_invalid(rc, err);
}

/* Whether `vkey` may become the witness `name`. *ret_known: an earlier file already defined it. */
static int check_witness(struct parser *parser, struct bytes name, const struct note_vkey *vkey, bool *ret_known,
                         struct err *err) {
    struct policy *policy = parser->policy;
    *ret_known = false;
    if (vkey->alg != NOTE_COSIGNATURE) {
        return err_set(err, ERR_INVALID,
                       "the key '%s' is not a witness key: a witness key is a cosignature key (type 0x04)", vkey->name);
    }
    uint16_t node = find_node(policy, name);
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        const struct policy_witness *known = &policy->witnesses[i];
        if (memcmp(known->vkey.public_key, vkey->public_key, CRYPT_PUBLIC_LEN) != 0) continue;
        *ret_known = i == node && !parser->node_seen[i] && note_vkey_eq(&known->vkey, vkey);
        if (!*ret_known) {
            return err_set(err, ERR_INVALID, "the witness key of '%s' was given before as '%s'", show(name).text,
                           show(bytes_of(known->name)).text);
        }
        parser->node_seen[i] = true;
    }
    if (node != POLICY_NODE_NONE && !*ret_known) {
        return err_set(err, ERR_INVALID, "the name '%s' was defined before", show(name).text);
    }
    return 0;
}

static int read_witness(struct parser *parser, struct bytes line, struct err *err) {
    struct policy *policy = parser->policy;
    struct bytes name, text;
    struct note_vkey vkey;
    char *url = NULL;
    bool known = false;
    if (!next_word(&line, &name) || !next_word(&line, &text)) {
        return err_set(err, ERR_INVALID, "must be 'witness <name> <vkey> [<url>]'");
    }
    int rc = check_new_name(name, err);
    if (rc == 0) rc = note_vkey_decode(text, &vkey, err);
    if (rc == 0) rc = check_witness(parser, name, &vkey, &known, err);
    if (rc == 0) rc = read_url(line, &url, err);
    if (rc == 0 && !known && policy->n_witnesses == POLICY_MAX) {
        rc = err_set(err, ERR_INVALID, "more than %d witnesses", POLICY_MAX);
    }
    if (rc != 0 || known) {
        free(url);
        return rc;
    }
    parser->node_seen[policy->n_witnesses] = true;
    struct policy_witness *witness = &policy->witnesses[policy->n_witnesses++];
    memset(witness, 0, sizeof(*witness));
    memcpy(witness->name, name.p, name.n);
    witness->vkey = vkey;
    witness->url = url;
    return 0;
}

/* Reads the members of a group line as nodes, each already defined and named once in this line. */
static int read_members(const struct policy *policy, struct bytes line, uint16_t members[POLICY_NODES], size_t *ret_n,
                        struct err *err) {
    bool named[POLICY_NODES] = {false};
    struct bytes word;
    size_t n = 0;
    while (next_word(&line, &word)) {
        uint16_t node = find_node(policy, word);
        if (node == POLICY_NODE_NONE) {
            return err_set(err, ERR_INVALID, "'%s' is not defined: a member is a witness or group of an earlier line",
                           show(word).text);
        }
        if (named[node]) {
            return err_set(err, ERR_INVALID, "'%s' is a member twice", show(word).text);
        }
        named[node] = true;
        members[n++] = node;
    }
    *ret_n = n;
    return 0;
}

static int read_rule(struct bytes word, size_t n, struct policy_group *ret, struct err *err) {
    uint64_t k = 0;
    if (bytes_is(word, "all")) {
        ret->rule = POLICY_ALL;
        k = n;
    } else if (bytes_is(word, "any")) {
        ret->rule = POLICY_ANY;
        k = 1;
    } else if (text_parse_u64(word, &k) == 0) {
        ret->rule = POLICY_COUNT;
    }
    if (k < 1 || k > n) {
        return err_set(err, ERR_INVALID, "'%s' of %zu members: expected 'all', 'any' and a number from 1 to %zu",
                       show(word).text, n, n);
    }
    ret->k = (size_t)k;
    ret->n = n;
    return 0;
}

/* Whether an earlier file defined exactly this group. */
static bool same_group(const struct policy *policy, uint16_t node, const struct policy_group *group,
                       const uint16_t *members) {
    if (node < POLICY_MAX) return false;
    const struct policy_group *known = &policy->groups[node - POLICY_MAX];
    return known->k == group->k && known->n == group->n &&
           memcmp(policy->members + known->first, members, group->n * sizeof(*members)) == 0;
}

static int read_group(struct parser *parser, struct bytes line, struct err *err) {
    struct policy *policy = parser->policy;
    struct policy_group group = {.first = policy->n_members};
    uint16_t members[POLICY_NODES];
    struct bytes name, rule;
    size_t n = 0;
    if (!next_word(&line, &name) || !next_word(&line, &rule) || no_more(line)) {
        return err_set(err, ERR_INVALID, "must be 'group <name> (all|any|<k>) <name>...'");
    }
    int rc = check_new_name(name, err);
    if (rc == 0) rc = read_members(policy, line, members, &n, err);
    if (rc == 0) rc = read_rule(rule, n, &group, err);
    if (rc != 0) return rc;
    uint16_t node = find_node(policy, name);
    if (node != POLICY_NODE_NONE) {
        if (parser->node_seen[node] || !same_group(policy, node, &group, members)) {
            return err_set(err, ERR_INVALID, "the name '%s' was defined before", show(name).text);
        }
        parser->node_seen[node] = true;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (policy->is_member[members[i]]) {
            return err_set(err, ERR_INVALID, "'%s' is already a member of a group: each name is a member at most once",
                           show(bytes_of(node_name(policy, members[i]))).text);
        }
    }
    if (policy->n_groups == POLICY_MAX) {
        return err_set(err, ERR_INVALID, "more than %d groups", POLICY_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        policy->members[policy->n_members++] = members[i];
        policy->is_member[members[i]] = true;
    }
    memcpy(group.name, name.p, name.n);
    parser->node_seen[POLICY_MAX + policy->n_groups] = true;
    policy->groups[policy->n_groups++] = group;
    return 0;
}

static int read_quorum(struct parser *parser, struct bytes line, struct err *err) {
    struct policy *policy = parser->policy;
    struct bytes name;
    if (!next_word(&line, &name) || !no_more(line)) {
        return err_set(err, ERR_INVALID, "must be 'quorum <name>' or 'quorum none'");
    }
    if (parser->quorum_seen) {
        return err_set(err, ERR_INVALID, "a second quorum line: exactly one is accepted");
    }
    parser->quorum_seen = true;
    if (bytes_is(name, "none")) {
        return 0; /* an earlier file's quorum remains */
    }
    uint16_t node = find_node(policy, name);
    if (node == POLICY_NODE_NONE) {
        return err_set(err, ERR_INVALID,
                       "'%s' is not defined: the quorum is a witness or group of an earlier line, or 'none'",
                       show(name).text);
    }
    if (policy->quorum != POLICY_NODE_NONE && policy->quorum != node) {
        return err_set(err, ERR_INVALID, "another file asks for another quorum");
    }
    policy->quorum = node;
    return 0;
}

static int parse_genesis(struct bytes line, struct bytes *origin, uint8_t leaf[MERKLE_HASH], struct err *err) {
    struct bytes hex;
    if (!next_word(&line, origin) || !next_word(&line, &hex) || !no_more(line) || text_unhex(leaf, MERKLE_HASH, hex) != 0) {
        return err_set(err, ERR_INVALID, "must be 'genesis <origin> <leaf of seq 0 as 64 lowercase hex digits>'");
    }
    return 0;
}

static int read_genesis(struct parser *parser, struct bytes line, struct err *err) {
    struct bytes origin;
    uint8_t leaf[MERKLE_HASH];
    int rc = parse_genesis(line, &origin, leaf, err);
    if (rc == 0) rc = policy_add_genesis(parser->policy, origin, leaf, err);
    return limit_to_invalid(rc, err);
}

static int parse_head(struct bytes line, struct bytes *origin, uint64_t *size, uint8_t root[MERKLE_HASH], struct err *err) {
    struct bytes size_text, root_text;
    while (line.n > 0 && is_blank(line.p[0])) {
        line = (struct bytes){line.p + 1, line.n - 1};
    }
    *origin = line; /* may contain spaces: it ends before the last two words */
    if (line.n == 0 || !last_word(origin, &root_text) || !last_word(origin, &size_text) || origin->n == 0 ||
        text_parse_u64(size_text, size) != 0) {
        return err_set(err, ERR_INVALID, "must be 'head <origin> <size> <base64 root>'");
    }
    int rc = merkle_hash_decode(root_text, root);
    return rc == 0 ? 0 : err_set(err, rc, "the root of a head must be 32 bytes in base64");
}

static int read_head(struct parser *parser, struct bytes line, struct err *err) {
    struct bytes origin;
    uint8_t root[MERKLE_HASH];
    uint64_t size;
    int rc = parse_head(line, &origin, &size, root, err);
    if (rc != 0) return rc;
    const struct policy_head *known = policy_head_find(parser->policy, origin);
    size_t at = known == NULL ? parser->policy->n_heads : (size_t)(known - parser->policy->heads);
    if (known != NULL && parser->head_seen[at]) {
        return err_set(err, ERR_INVALID, "a second head of '%s': one is accepted", show(origin).text);
    }
    rc = policy_set_head(parser->policy, origin, size, root, err);
    if (rc == 0) {
        parser->head_seen[at] = true;
    }
    return limit_to_invalid(rc, err);
}

static int read_line(struct parser *parser, struct bytes line, struct err *err) {
    static const struct {
        const char *word;
        bool trust;
        int (*read)(struct parser *, struct bytes, struct err *);
    } kinds[] = {
        {"log", false, read_log},       {"witness", false, read_witness}, {"group", false, read_group},
        {"quorum", false, read_quorum}, {"genesis", true, read_genesis},  {"head", true, read_head},
    };
    struct bytes word;
    for (size_t i = 0; i < line.n; i++) {
        if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f) {
            return err_set(err, ERR_INVALID, "byte %zu is a control character (0x%02x): only tabs are accepted", i + 1,
                           line.p[i]);
        }
    }
    if (!next_word(&line, &word) || word.p[0] == '#') return 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (bytes_is(word, kinds[i].word) && (parser->trust || !kinds[i].trust)) {
            return kinds[i].read(parser, line, err);
        }
    }
    return err_set(err, ERR_INVALID, "'%s' is not a line of a %s: expected log, witness, group, quorum%s and # comments",
                   show(word).text, parser->trust ? "trust file" : "policy", parser->trust ? ", genesis, head" : "");
}

/* ---- the whole text ----------------------------------------------------------------------------------------------- */

static int read_text(struct parser *parser, struct bytes text, struct err *err) {
    struct line_reader in;
    struct bytes line;
    int rc = 0;
    line_init(&in, text);
    while (rc == 0 && line_next(&in, &line)) {
        rc = read_line(parser, line, err);
    }
    if (rc == 0 && in.rest.n != 0) { /* editors forget the last line feed */
        in.number++;
        rc = read_line(parser, in.rest, err);
    }
    if (rc != 0) {
        err_prefix(err, "line %zu", in.number);
    } else if (!parser->quorum_seen && !parser->trust) {
        rc = err_set(err, ERR_INVALID, "line %zu: the policy ends without a quorum line: 'quorum <name>' or 'quorum none'",
                     in.number + 1);
    }
    return rc;
}

static void restore(struct policy *policy, const struct policy *before) {
    for (size_t i = before->n_logs; i < policy->n_logs; i++) {
        free(policy->log_urls[i]);
    }
    for (size_t i = before->n_witnesses; i < policy->n_witnesses; i++) {
        free(policy->witnesses[i].url);
    }
    *policy = *before;
}

int policy_decode(struct policy *policy, struct bytes text, bool trust, const char *name, struct err *err) {
    int rc;
    struct policy *before = NULL;
    struct parser parser = {.policy = policy, .trust = trust};
    if (text.n > TEXT_MAX) {
        rc = err_set(err, ERR_INVALID, "larger than %zu bytes", TEXT_MAX);
        goto out;
    }
    before = malloc(sizeof(*before));
    if (before == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
        goto out;
    }
    *before = *policy;
    rc = read_text(&parser, text, err);
    if (rc != 0) {
        restore(policy, before);
    }
out:
    if (rc != 0 && name != NULL) {
        err_prefix(err, "%s", name);
    }
    free(before);
    return rc;
}

static void look_at_line(struct bytes line, struct bytes origin, struct policy_known *ret) {
    struct bytes word, of;
    uint8_t hash[MERKLE_HASH];
    uint64_t size;
    if (!next_word(&line, &word) || origin.n > NOTE_NAME_MAX) return;
    if (!ret->has_head && bytes_is(word, "head") && parse_head(line, &of, &size, hash, NULL) == 0 && bytes_eq(of, origin)) {
        ret->has_head = true;
        ret->head.size = size;
        memcpy(ret->head.root, hash, MERKLE_HASH);
        memcpy(ret->head.origin, origin.p, origin.n);
    } else if (!ret->has_genesis && bytes_is(word, "genesis") && parse_genesis(line, &of, hash, NULL) == 0 &&
               bytes_eq(of, origin)) {
        ret->has_genesis = true;
        memcpy(ret->genesis.leaf, hash, MERKLE_HASH);
        memcpy(ret->genesis.origin, origin.p, origin.n);
    }
}

void policy_look(struct bytes text, struct bytes origin, struct policy_known *ret) {
    struct line_reader in;
    struct bytes line;
    memset(ret, 0, sizeof(*ret));
    line_init(&in, text);
    while (line_next(&in, &line)) {
        look_at_line(line, origin, ret);
    }
    look_at_line(in.rest, origin, ret); /* editors forget the last line feed */
}

static void put_url(struct buf *out, const char *url) {
    if (url != NULL) {
        buf_put_str(out, " ");
        buf_put_str(out, url);
    }
    buf_put_str(out, "\n");
}

static void put_group(struct buf *out, const struct policy *policy, const struct policy_group *group) {
    buf_printf(out, "group %s ", group->name);
    if (group->rule == POLICY_COUNT) {
        buf_printf(out, "%zu", group->k);
    } else {
        buf_put_str(out, group->rule == POLICY_ALL ? "all" : "any");
    }
    for (size_t i = 0; i < group->n; i++) {
        buf_printf(out, " %s", node_name(policy, policy->members[group->first + i]));
    }
    buf_put_str(out, "\n");
}

int policy_encode(struct buf *out, const struct policy *policy) {
    char vkey[NOTE_VKEY_MAX];
    char hex[2 * MERKLE_HASH + 1];
    for (size_t i = 0; i < policy->n_logs; i++) {
        note_vkey_encode(vkey, &policy->logs[i].vkey);
        buf_printf(out, "log %s", vkey);
        put_url(out, policy->log_urls[i]);
    }
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        note_vkey_encode(vkey, &policy->witnesses[i].vkey);
        buf_printf(out, "witness %s %s", policy->witnesses[i].name, vkey);
        put_url(out, policy->witnesses[i].url);
    }
    for (size_t i = 0; i < policy->n_groups; i++) {
        put_group(out, policy, &policy->groups[i]);
    }
    buf_printf(out, "quorum %s\n", node_name(policy, policy->quorum));
    for (size_t i = 0; i < policy->n_genesis; i++) {
        text_hex(hex, policy->genesis[i].leaf, MERKLE_HASH);
        buf_printf(out, "genesis %s %s\n", policy->genesis[i].origin, hex);
    }
    for (size_t i = 0; i < policy->n_heads; i++) {
        buf_printf(out, "head %s %" PRIu64 " ", policy->heads[i].origin, policy->heads[i].size);
        merkle_hash_encode(out, policy->heads[i].root);
    }
    return out->fail;
}
