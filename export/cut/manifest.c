/* The JSON is made from canonical MessagePack, whose key order is the manifest's. */
#include "export/cut/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/signing/keyring.h"

static void put_hash(struct buf *out, const char *name, const uint8_t hash[LOG_HASH]) {
    struct buf text = {.max = 64};
    text_base64(&text, hash, LOG_HASH);
    mp_pair_str(out, name, bytes_of_buf(&text));
    buf_done(&text);
}

static void put_ns(struct buf *out, const char *name, bool there, uint64_t ns) {
    char text[32];
    mp_put_text(out, name);
    if (!there) {
        mp_put_nil(out);
        return;
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)ns);
    mp_put_text(out, text);
}

void manifest_put_names(struct buf *out, const char *name, const char *const *names, size_t n) {
    mp_put_text(out, name);
    mp_put_array(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        mp_put_text(out, names[i]);
    }
}

static void put_counts(struct buf *out, const struct export_counts *c) {
    mp_put_text(out, "counts");
    mp_put_map(out, 7);
    mp_pair_uint(out, "artifacts", c->artifacts);
    mp_pair_uint(out, "disclosed", c->disclosed);
    mp_pair_uint(out, "erased", c->erased);
    mp_pair_uint(out, "headers", c->headers);
    mp_pair_uint(out, "matching", c->matching);
    mp_pair_uint(out, "private", c->private_);
    mp_pair_uint(out, "withheld", c->withheld);
}

static void put_disclosure(struct buf *out, const struct cut *cut) {
    const struct export_options *o = cut->options;
    mp_put_text(out, "disclosure");
    mp_put_map(out, 4);
    mp_pair_bool(out, "artifacts", o->artifacts);
    mp_pair_text(out, "bodies", export_bodies_name(o->bodies));
    manifest_put_names(out, "private", cut->private_, cut->n_private);
    manifest_put_names(out, "states", cut->states, cut->n_states);
}

void manifest_put_filter(struct buf *out, const struct export_term *terms, size_t n) {
    mp_put_text(out, "filter");
    mp_put_array(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        const struct export_term *t = &terms[i];
        mp_put_map(out, 3);
        mp_pair_text(out, "field", t->field);
        mp_pair_text(out, "op", t->op == EXPORT_EQUALS ? "equals" : "prefix");
        mp_pair_str(out, "value", t->value);
    }
}

static void put_time(struct buf *out, const struct cut *cut) {
    const struct export_options *o = cut->options;
    mp_put_text(out, "time");
    if (!cut->has_since && !cut->has_until) {
        mp_put_nil(out);
        return;
    }
    mp_put_map(out, 2);
    put_ns(out, "from", cut->has_since, o->since);
    put_ns(out, "to", cut->has_until, o->until);
}

static void put_predicate(struct buf *out, const struct cut *cut) {
    const struct export_counts *c = &cut->counts;
    mp_put_map(out, 11);
    put_counts(out, c);
    put_disclosure(out, cut);
    mp_put_text(out, "exporter");
    mp_put_map(out, 2);
    mp_pair_text(out, "program", "ledger");
    mp_pair_text(out, "version", LEDGER_VERSION);
    manifest_put_filter(out, cut->term, cut->n_terms);
    mp_pair_uint(out, "format", 2);
    mp_put_text(out, "gaps");
    mp_put_array(out, (uint32_t)cut->n_gaps);
    for (size_t i = 0; i < cut->n_gaps; i++) {
        mp_put_uint(out, cut->gap[i]);
    }
    mp_put_text(out, "head");
    mp_put_map(out, 2);
    put_hash(out, "root", c->head.root);
    mp_pair_uint(out, "size", c->head.size);
    mp_pair_text(out, "origin", log_origin(cut->ledger));
    mp_put_text(out, "range");
    mp_put_map(out, 2);
    mp_pair_uint(out, "from", c->from);
    mp_pair_uint(out, "to", c->to);
    mp_pair_bool(out, "sparse", cut->options->seqs != NULL);
    put_time(out, cut);
}

static void put_statement(struct buf *out, const struct cut *cut, const struct bundle_subject *subjects, size_t n) {
    char hex[2 * LOG_HASH + 1];
    mp_put_map(out, 4);
    mp_pair_text(out, "_type", BUNDLE_STATEMENT);
    mp_put_text(out, "predicate");
    put_predicate(out, cut);
    mp_pair_text(out, "predicateType", BUNDLE_PREDICATE);
    mp_put_text(out, "subject");
    mp_put_array(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        text_hex(hex, subjects[i].digest, LOG_HASH);
        mp_put_map(out, 2);
        mp_put_text(out, "digest");
        mp_put_map(out, 1);
        mp_pair_text(out, "sha256", hex);
        mp_pair_text(out, "name", subjects[i].name);
    }
}

void manifest_pae(struct buf *out, struct bytes payload) {
    buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(BUNDLE_PAYLOAD_TYPE), BUNDLE_PAYLOAD_TYPE, payload.n);
    buf_put_bytes(out, payload);
}

/* Loads the log key, which only signing needs. */
static int sign(const struct ledger *ledger, struct bytes message, char ret_id[9], uint8_t ret_sig[CRYPT_SIGNATURE_LEN],
                struct err *err) {
    char path[FILE_PATH_MAX];
    struct signer signer = {0};
    struct bytes passphrase = {ledger->passphrase, ledger->passphrase_len};
    int rc = keyring_log_path(ledger->config.keys, path, err);
    if (rc == 0) rc = keyfile_load(path, passphrase, &signer, err);
    if (rc == 0 && !note_vkey_eq(&signer.vkey, &ledger->log)) {
        rc = err_set(err, ERR_TAMPERED, "'%s' is not the log key of this ledger", path);
    }
    if (rc == 0) {
        crypt_sign(ret_sig, message, signer.secret);
        text_hex(ret_id, signer.vkey.id, NOTE_KEY_ID_LEN);
    }
    signer_done(&signer);
    return rc;
}

int manifest_encode(struct buf *out, const struct cut *cut, const struct bundle_subject *subjects, size_t n_subjects,
                    struct err *err) {
    uint8_t sig[CRYPT_SIGNATURE_LEN];
    char id[2 * NOTE_KEY_ID_LEN + 1];
    struct buf mp = {.max = 4 * BUNDLE_STATEMENT_MAX}, payload = {.max = BUNDLE_STATEMENT_MAX},
               pae = {.max = 2 * BUNDLE_STATEMENT_MAX};
    put_statement(&mp, cut, subjects, n_subjects);
    int rc = buf_check(&mp, "the manifest", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, &payload, err);
    if (rc == 0) {
        manifest_pae(&pae, bytes_of_buf(&payload));
        rc = buf_check(&pae, "the manifest", err);
    }
    if (rc == 0) rc = sign(cut->ledger, bytes_of_buf(&pae), id, sig, err);
    if (rc == 0) {
        buf_put_str(out, "{\"payload\":\"");
        text_base64(out, payload.p, payload.n);
        buf_printf(out, "\",\"payloadType\":\"%s\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", BUNDLE_PAYLOAD_TYPE, id);
        text_base64(out, sig, sizeof(sig));
        buf_put_str(out, "\"}]}\n");
        rc = buf_check(out, "the manifest", err);
    }
    buf_done(&mp);
    buf_done(&payload);
    buf_done(&pae);
    return rc;
}
