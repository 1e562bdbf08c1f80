/* The .tlog-proof file: a few lines about one leaf, then a whole checkpoint note, verbatim. Only the form is checked here;
 * nothing authenticates the extra line, which is returned as text. */
#include "ledger/tree/tlog_proof.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ledger/tree/line.h"

#define PROOF_MAGIC "c2sp.org/tlog-proof@v1"

int tlog_proof_encode(struct buf *out, uint64_t index, const struct merkle_proof *proof, struct bytes checkpoint) {
    buf_printf(out, PROOF_MAGIC "\nindex %" PRIu64 "\n", index);
    for (size_t i = 0; i < proof->n; i++) {
        merkle_hash_encode(out, proof->hash[i]);
    }
    buf_put_str(out, "\n");
    return buf_put_bytes(out, checkpoint);
}

static struct bytes after(struct bytes line, const char *prefix) {
    size_t n = strlen(prefix);
    return (struct bytes){line.p + n, line.n - n};
}

static int check_extra(struct bytes extra, struct err *err) {
    struct buf raw;
    buf_init(&raw, extra.n);
    int rc = extra.n == 0 ? ERR_INVALID : text_unbase64(&raw, extra);
    buf_done(&raw);
    if (rc == ERR_NOMEM) return err_set(err, rc, "proof: out of memory");
    if (rc != 0) return err_set(err, ERR_CORRUPT, "line 2: must be 'extra <base64>'");
    return 0;
}

static int decode_hashes(struct line_reader *in, struct merkle_proof *ret, struct err *err) {
    struct bytes line;
    ret->n = 0;
    while (line_next(in, &line)) {
        if (line.n == 0) return 0;
        if (ret->n == MERKLE_DEPTH_MAX) {
            return err_set(err, ERR_CORRUPT, "line %zu: more than %d hashes", in->number, MERKLE_DEPTH_MAX);
        }
        if (merkle_hash_decode(line, ret->hash[ret->n]) != 0) {
            return err_set(err, ERR_CORRUPT, "line %zu: must be a hash of 32 bytes in base64, or empty after the last one",
                           in->number);
        }
        ret->n++;
    }
    return err_set(err, ERR_CORRUPT, "line %zu: an empty line and the checkpoint are missing", in->number + 1);
}

int tlog_proof_decode(struct bytes text, struct tlog_proof *ret, struct err *err) {
    struct tlog_proof proof = {.index = 0};
    struct line_reader in;
    struct bytes line;
    line_init(&in, text);
    if (!line_next(&in, &line) || !bytes_is(line, PROOF_MAGIC)) {
        return err_set(err, ERR_CORRUPT, "line 1: must be '" PROOF_MAGIC "'");
    }
    bool more = line_next(&in, &line);
    if (more && bytes_has_prefix(line, "extra ")) {
        proof.extra = after(line, "extra ");
        int rc = check_extra(proof.extra, err);
        if (rc != 0) return rc;
        more = line_next(&in, &line);
    }
    if (!more || !bytes_has_prefix(line, "index ") || text_parse_u64(after(line, "index "), &proof.index) != 0) {
        return err_set(err, ERR_CORRUPT, "line %zu: must be 'index <decimal>'", more ? in.number : in.number + 1);
    }
    int rc = decode_hashes(&in, &proof.proof, err);
    if (rc != 0) return rc;
    if (in.rest.n == 0) {
        return err_set(err, ERR_CORRUPT, "line %zu: the checkpoint is missing", in.number + 1);
    }
    proof.checkpoint = in.rest;
    *ret = proof;
    return 0;
}
