/* The event's bytes: the published vectors from their inputs to the last byte, and every way in which a header or payload
 * must be refused. */
#include "tests/ledger/merkle_trees.h"

#include "base/crypt.h"
#include "ledger/event/event.h"
#include "ledger/signing/keyfile.h"
#include "ledger/tree/note.h"
#include "tests/ledger/header.h"

static struct buf vectors;

static int start(void **state) {
    (void)state;
    load_json("tests/vectors/events.json", NULL, &vectors);
    return crypt_init(NULL);
}

static int finish(void **state) {
    (void)state;
    buf_done(&vectors);
    return 0;
}

static struct bytes raw(struct bytes map, const char *key) {
    struct bytes ret;
    assert_int_equal(mp_map_get(map, key, &ret), 0);
    return ret;
}

static struct bytes text_at(struct bytes map, const char *key) {
    struct mp_item item = field(map, key);
    assert_int_equal(item.type, MP_STR);
    return item.data;
}

/* The bytes that a field gives in hex; in their own block. */
static struct bytes unhex(struct bytes map, const char *key) {
    struct bytes hex = text_at(map, key);
    uint8_t *p = malloc(hex.n / 2 + 1);
    assert_non_null(p);
    assert_int_equal(text_unhex(p, hex.n / 2, hex), 0);
    return (struct bytes){p, hex.n / 2};
}

static void same(struct bytes got, struct bytes map, const char *key) {
    struct bytes want = unhex(map, key);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
    free((void *)(uintptr_t)want.p);
}

static void same_hash(const uint8_t hash[EVENT_HASH], struct bytes map, const char *key) {
    same((struct bytes){hash, EVENT_HASH}, map, key);
}

static struct signer signer_at(const char *key) {
    struct bytes map = raw(bytes_of_buf(&vectors), key), seed = unhex(map, "seed");
    struct signer signer;
    char vkey[NOTE_VKEY_MAX];
    assert_int_equal(seed.n, CRYPT_SEED_LEN);
    assert_int_equal(signer_from_seed(&signer, text_at(map, "name"), seed.p, NULL), 0);
    note_vkey_encode(vkey, &signer.vkey);
    assert_true(bytes_is(text_at(map, "vkey"), vkey));
    free((void *)(uintptr_t)seed.p);
    return signer;
}

static void input_header(struct bytes in, struct event_header *h) {
    struct mp_item cause = field(in, "cause");
    *h = (struct event_header){.seq = number_field(in, "seq"),
                               .time = number_field(in, "time"),
                               .kind = text_at(in, "kind"),
                               .schema = (uint32_t)number_field(in, "schema"),
                               .subject = text_at(in, "subject"),
                               .actor = text_at(in, "actor"),
                               .source = text_at(in, "source"),
                               .grade = text_at(in, "grade"),
                               .run = text_at(in, "run"),
                               .key = text_at(in, "key"),
                               .has_cause = cause.type == MP_UINT,
                               .cause = cause.uint};
}

struct chain { /* what one event passes to the next */
    uint8_t genesis[EVENT_HASH], prev[EVENT_HASH];
    struct merkle_edge edge;
};

static void author_of(const struct chain *chain, const struct event_header *h, struct bytes body, struct buf *message,
                      uint8_t sig[CRYPT_SIGNATURE_LEN], struct signer *author) {
    *author = signer_at("author");
    buf_init(message, 1 << 16);
    assert_int_equal(event_author_message(message, chain->genesis, text_at(bytes_of_buf(&vectors), "origin"), h, body), 0);
    crypt_sign(sig, bytes_of_buf(message), author->secret);
    assert_true(crypt_verify(sig, bytes_of_buf(message), author->vkey.public_key));
}

static void one_vector(struct bytes vector, struct chain *chain) {
    struct bytes in = raw(vector, "input"), body = raw(in, "body"), seed, event_seed;
    struct event_header h, again;
    struct event_author author = {0};
    struct signer signer = {0};
    struct buf payload, header, message = {0};
    uint8_t salt[EVENT_HASH], commit[EVENT_HASH], fields[EVENT_HASH], leaf[EVENT_HASH], root[EVENT_HASH], sig[64];
    bool private_ = field(vector, "private_commitment").type == MP_STR;
    buf_init(&payload, 1 << 16);
    buf_init(&header, 1 << 16);
    seed = unhex(bytes_of_buf(&vectors), "group_seed");
    event_seed = unhex(bytes_of_buf(&vectors), "event_salt");
    input_header(in, &h);
    if (private_) {
        assert_int_equal(event_private_commit(fields, event_seed.p, raw(in, "private"), NULL), 0);
        same_hash(fields, vector, "private_commitment");
        h.private_ = fields;
    }
    if (field(in, "authored").boolean) {
        author_of(chain, &h, body, &message, sig, &signer);
        author = (struct event_author){bytes_of(signer.vkey.name), signer.vkey.id, sig};
    }
    assert_int_equal(event_payload_encode(&payload, body, &author), 0);
    same(bytes_of_buf(&payload), vector, "payload");
    event_salt(salt, seed.p, h.seq);
    same_hash(salt, vector, "salt");
    event_body_commit(commit, salt, bytes_of_buf(&payload));
    same_hash(commit, vector, "body_commitment");
    h.body = commit;
    h.prev = chain->prev;
    assert_int_equal(header_encode(&header, &h), 0);
    same(bytes_of_buf(&header), vector, "header");
    assert_int_equal(event_header_decode(bytes_of_buf(&header), &again, NULL), 0);
    event_leaf(leaf, bytes_of_buf(&header));
    same_hash(leaf, vector, "leaf");
    merkle_edge_push(&chain->edge, leaf, NULL);
    merkle_edge_root(&chain->edge, root);
    same_hash(root, vector, "root_after");
    memcpy(chain->prev, leaf, EVENT_HASH);
    if (h.seq == 0) {
        memcpy(chain->genesis, leaf, EVENT_HASH);
    }
    signer_done(&signer);
    buf_done(&payload);
    buf_done(&header);
    buf_done(&message);
    free((void *)(uintptr_t)seed.p);
    free((void *)(uintptr_t)event_seed.p);
}

static void the_vectors_come_out_of_their_inputs_to_the_last_byte(void **state) {
    struct mp_reader r;
    struct mp_item item;
    struct chain chain = {.edge = {.size = 0}};
    struct signer log = signer_at("log"), epoch = signer_at("epoch");
    struct buf text, note;
    uint8_t root[EVENT_HASH];
    (void)state;
    mp_reader_init(&r, raw(bytes_of_buf(&vectors), "events"));
    assert_int_equal(mp_next(&r, &item, NULL), 0);
    assert_int_equal(item.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct bytes vector;
        assert_int_equal(mp_skip(&r, 1, &vector, NULL), 0);
        one_vector(vector, &chain);
    }
    buf_init(&text, NOTE_MAX);
    buf_init(&note, NOTE_MAX);
    merkle_edge_root(&chain.edge, root);
    assert_int_equal(checkpoint_encode(&text, text_at(bytes_of_buf(&vectors), "origin"), 3, root), 0);
    buf_put_bytes(&note, bytes_of_buf(&text));
    buf_put_u8(&note, '\n');
    assert_int_equal(note_sign(&note, bytes_of_buf(&text), &log.vkey, log.secret), 0);
    assert_int_equal(note_sign(&note, bytes_of_buf(&text), &epoch.vkey, epoch.secret), 0);
    assert_true(bytes_eq(bytes_of_buf(&note), text_at(bytes_of_buf(&vectors), "checkpoint")));
    signer_done(&log);
    signer_done(&epoch);
    buf_done(&text);
    buf_done(&note);
}

/* ---- bad headers ---- */

static const uint8_t hash_a[EVENT_HASH] = {0xa1, 0xa2}, hash_b[EVENT_HASH] = {0xb1}, hash_c[EVENT_HASH] = {0xc1};
static char longest[600];

static struct event_header good_header(void) {
    return (struct event_header){.seq = 7,
                                 .time = 1000,
                                 .schema = 1,
                                 .kind = bytes_of("run.step"),
                                 .subject = bytes_of("run/1"),
                                 .actor = bytes_of("user:a"),
                                 .source = bytes_of("cli"),
                                 .grade = bytes_of("measured"),
                                 .run = bytes_of("1"),
                                 .key = bytes_of("k"),
                                 .has_cause = true,
                                 .cause = 3,
                                 .body = hash_a,
                                 .private_ = hash_b,
                                 .prev = hash_c};
}

static void refused(struct bytes header, int code, const char *message) {
    struct event_header h = {.seq = 77};
    struct err err = {0};
    int rc = event_header_decode(header, &h, &err);
    if (rc != code || strcmp(err.msg, message) != 0) {
        fail_msg("gave %s '%s', not %s '%s'", err_name(rc), err.msg, err_name(code), message);
    }
    assert_int_equal(h.seq, 77);
}

static void put_raw_element(struct buf *out, unsigned i, const struct event_header *h) {
    struct buf whole;
    struct mp_reader r;
    struct bytes element;
    buf_init(&whole, EVENT_HEADER_MAX);
    assert_int_equal(header_encode(&whole, h), 0);
    mp_reader_init(&r, (struct bytes){whole.p + 1, whole.n - 1});
    for (unsigned k = 0; k <= i; k++) {
        assert_int_equal(mp_skip(&r, 1, &element, NULL), 0);
    }
    buf_put_bytes(out, element);
    buf_done(&whole);
}

/* The good header with element i replaced by these bytes must be refused with this message. */
static void with_element(unsigned i, struct bytes bytes, int code, const char *message) {
    struct event_header h = good_header();
    struct buf header;
    buf_init(&header, 2 * EVENT_HEADER_MAX);
    mp_put_array(&header, 15);
    for (unsigned k = 0; k < 15; k++) {
        if (k == i) {
            buf_put_bytes(&header, bytes);
        } else {
            put_raw_element(&header, k, &h);
        }
    }
    refused(bytes_of_buf(&header), code, message);
    buf_done(&header);
}

#define LIT(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static void each_element_of_a_wrong_type_is_refused(void **state) {
    static const char *const names[] = {"format", "seq", "time", "kind", "schema", "subject", "actor", "source",
                                        "grade",  "run", NULL,   "key",  NULL,     NULL,      NULL};
    char message[128];
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        if (names[i] != NULL) {
            snprintf(message, sizeof(message), "header element '%s' has the wrong type", names[i]);
            with_element(i, LIT("\xc0"), ERR_CORRUPT, message);
            with_element(i, LIT("\xc3"), ERR_CORRUPT, message);
            with_element(i, names[i][0] == 'f' || i < 3 || i == 4 ? LIT("\xa1x") : LIT("\x01"), ERR_CORRUPT, message);
        }
    }
    with_element(1, LIT("\xff"), ERR_CORRUPT, "header element 'seq' has the wrong type");
    with_element(10, LIT("\xa1x"), ERR_CORRUPT, "header element 'cause' is neither nil nor an unsigned integer");
    with_element(10, LIT("\xff"), ERR_CORRUPT, "header element 'cause' is neither nil nor an unsigned integer");
    with_element(12, LIT("\xc0"), ERR_CORRUPT, "header element 'body' is not 32 bytes");
    with_element(13, LIT("\x01"), ERR_CORRUPT, "header element 'private' is not 32 bytes");
    with_element(14, LIT("\xc0"), ERR_CORRUPT, "header element 'prev' is not 32 bytes");
    with_element(12, LIT("\xc4\x01x"), ERR_CORRUPT, "header element 'body' is not 32 bytes");
    with_element(13, LIT("\xc4\x00"), ERR_CORRUPT, "header element 'private' is not 32 bytes");
    with_element(14, LIT("\xa0"), ERR_CORRUPT, "header element 'prev' is not 32 bytes");
}

static void each_element_in_a_form_that_is_not_canonical_is_refused(void **state) {
    (void)state;
    with_element(0, LIT("\xcc\x01"), ERR_CORRUPT,
                 "header element 'format': byte 1: an integer is not in its shortest form");
    with_element(1, LIT("\xcd\x00\x07"), ERR_CORRUPT,
                 "header element 'seq': byte 2: an integer is not in its shortest form");
    with_element(2, LIT("\xd0\x07"), ERR_CORRUPT,
                 "header element 'time': byte 3: a non-negative integer is written as a signed one");
    with_element(3, LIT("\xd9\x08run.step"), ERR_CORRUPT,
                 "header element 'kind': byte 6: a length is not in its shortest form");
    with_element(10, LIT("\xcc\x03"), ERR_CORRUPT,
                 "header element 'cause': byte 44: an integer is not in its shortest form");
    with_element(5, LIT("\xda\x00\x05run/1"), ERR_CORRUPT,
                 "header element 'subject': byte 16: a length is not in its shortest form");
    with_element(12, LIT("\xc5\x00\x01x"), ERR_CORRUPT,
                 "header element 'body': byte 47: a length is not in its shortest form");
    with_element(1, LIT("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), ERR_CORRUPT,
                 "header element 'seq': byte 2: an integer is larger than 9223372036854775807");
    with_element(6, LIT("\xa2\xc3\x28"), ERR_CORRUPT, "header element 'actor': byte 23: text is not valid UTF-8");
}

static void each_element_outside_its_limits_is_refused(void **state) {
    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    struct buf text;
    buf_init(&text, 4096);
    with_element(0, LIT("\x02"), ERR_VERSION, "event format 2 is not known, this program reads 1");
    with_element(0, LIT("\x00"), ERR_VERSION, "event format 0 is not known, this program reads 1");
    with_element(4, LIT("\x00"), ERR_CORRUPT, "header element 'schema' is outside 1 .. 2^32-1");
    with_element(4, LIT("\xcf\x00\x00\x00\x01\x00\x00\x00\x00"), ERR_CORRUPT,
                 "header element 'schema' is outside 1 .. 2^32-1");
    with_element(3, LIT("\xa0"), ERR_CORRUPT, "'kind' is empty");
    with_element(5, LIT("\xa0"), ERR_CORRUPT, "'subject' is empty");
    with_element(6, LIT("\xa0"), ERR_CORRUPT, "'actor' is empty");
    with_element(7, LIT("\xa0"), ERR_CORRUPT, "'source' is empty");
    with_element(8, LIT("\xa0"), ERR_CORRUPT, "'grade' must be measured, reported, declared or inferred");
    with_element(8, LIT("\xa7guessed"), ERR_CORRUPT, "'grade' must be measured, reported, declared or inferred");
    with_element(3, LIT("\xa3run"), ERR_CORRUPT, "'kind' must be parts of a-z 0-9 _ with dots between, like 'run.started'");
    with_element(3, LIT("\xa4run."), ERR_CORRUPT,
                 "'kind' must be parts of a-z 0-9 _ with dots between, like 'run.started'");
    with_element(3, LIT("\xa5Run.a"), ERR_CORRUPT,
                 "'kind' has the byte 0x52, expected parts of a-z 0-9 _ with dots between");
    with_element(5,
                 LIT("\xa3"
                     "a\nb"),
                 ERR_CORRUPT, "'subject' has a control character");
    with_element(9, LIT("\xa2\xc2\x85"), ERR_CORRUPT, "'run' has a control character");
    static const struct {
        unsigned element;
        size_t max;
        const char *message;
    } limits[] = {{3, 256, "'kind' has 257 bytes, at most 256 are accepted"},
                  {5, 512, "'subject' has 513 bytes, at most 512 are accepted"},
                  {6, 256, "'actor' has 257 bytes, at most 256 are accepted"},
                  {7, 256, "'source' has 257 bytes, at most 256 are accepted"},
                  {9, 256, "'run' has 257 bytes, at most 256 are accepted"},
                  {11, 256, "'key' has 257 bytes, at most 256 are accepted"}};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        buf_clear(&text);
        mp_put_str(&text, (struct bytes){(const uint8_t *)longest, limits[i].max + 1});
        with_element(limits[i].element, bytes_of_buf(&text), ERR_CORRUPT, limits[i].message);
    }
    buf_done(&text);
}

static void the_longest_header_that_is_allowed_is_read_back(void **state) {
    struct event_header h = good_header(), again;
    struct buf header;
    char kind[257];
    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    memset(kind, 'k', sizeof(kind));
    kind[1] = '.';
    h.kind = (struct bytes){(const uint8_t *)kind, 256};
    h.subject = (struct bytes){(const uint8_t *)longest, 512};
    h.actor = h.source = h.run = h.key = (struct bytes){(const uint8_t *)longest, 256};
    h.seq = h.time = h.cause = MP_INT_MAX;
    h.schema = UINT32_MAX;
    buf_init(&header, EVENT_HEADER_MAX);
    assert_int_equal(header_encode(&header, &h), 0);
    assert_int_equal(event_header_decode(bytes_of_buf(&header), &again, NULL), 0);
    assert_true(bytes_eq(again.subject, h.subject) && bytes_eq(again.key, h.key) && again.schema == UINT32_MAX);
    assert_true(again.seq == MP_INT_MAX && again.cause == MP_INT_MAX && again.time == MP_INT_MAX);
    buf_done(&header);
}

static void a_header_of_the_wrong_shape_is_refused(void **state) {
    struct event_header h = good_header();
    static uint8_t huge[EVENT_HEADER_MAX + 1] = {0x9f};
    struct buf header;
    (void)state;
    buf_init(&header, EVENT_HEADER_MAX);
    assert_int_equal(header_encode(&header, &h), 0);
    buf_put_u8(&header, 0xc0);
    refused(bytes_of_buf(&header), ERR_CORRUPT, "1 bytes after the header");
    header.p[0] = 0x9e;
    refused(bytes_of_buf(&header), ERR_CORRUPT, "header is not an array of 15");
    refused(LIT(""), ERR_CORRUPT, "header is not an array of 15");
    refused(LIT("\x80"), ERR_CORRUPT, "header is not an array of 15");
    refused((struct bytes){huge, sizeof(huge)}, ERR_CORRUPT, "header of 4097 bytes is larger than 4096");
    buf_done(&header);
}

/* ---- cuts and flips ---- */

static struct bytes copy_of(struct bytes b, size_t n) {
    uint8_t *p = malloc(n == 0 ? 1 : n);
    assert_non_null(p);
    memcpy(p, b.p, n);
    return (struct bytes){p, n};
}

static void flip_headers(struct bytes header) {
    struct buf again;
    struct event_header h;
    struct bytes copy = copy_of(header, header.n);
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    buf_init(&again, 2 * EVENT_HEADER_MAX);
    for (size_t bit = 0; bit < 8 * header.n; bit++) {
        struct err err = {0};
        p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        int rc = event_header_decode(copy, &h, &err);
        if (rc == 0) {
            buf_clear(&again);
            assert_int_equal(header_encode(&again, &h), 0);
            assert_true(bytes_eq(bytes_of_buf(&again), copy));
        } else {
            assert_true(rc == ERR_CORRUPT || rc == ERR_VERSION);
            assert_true(err.msg[0] != '\0');
        }
        p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    buf_done(&again);
    free(p);
}

static void flip_payloads(struct bytes payload) {
    struct buf again;
    struct bytes copy = copy_of(payload, payload.n), body;
    struct event_author author;
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    buf_init(&again, 1 << 16);
    for (size_t bit = 0; bit < 8 * payload.n; bit++) {
        p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        if (event_payload_decode(copy, &body, &author, NULL) == 0) {
            buf_clear(&again);
            assert_int_equal(event_payload_encode(&again, body, &author), 0);
            assert_true(bytes_eq(bytes_of_buf(&again), copy));
        }
        p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    buf_done(&again);
    free(p);
}

typedef void bytes_fn(struct bytes bytes);

static void each_vector(const char *key, bytes_fn *call) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, raw(bytes_of_buf(&vectors), "events"));
    assert_int_equal(mp_next(&r, &item, NULL), 0);
    for (uint32_t i = 0; i < item.count; i++) {
        struct bytes vector;
        assert_int_equal(mp_skip(&r, 1, &vector, NULL), 0);
        struct bytes bytes = unhex(vector, key);
        call(bytes);
        free((void *)(uintptr_t)bytes.p);
    }
}

static void cut_header(struct bytes header) {
    for (size_t n = 0; n < header.n; n++) {
        struct bytes cut = copy_of(header, n);
        struct event_header h;
        assert_int_equal(event_header_decode(cut, &h, NULL), ERR_CORRUPT);
        free((void *)(uintptr_t)cut.p);
    }
}

static void cut_payload(struct bytes payload) {
    for (size_t n = 0; n < payload.n; n++) {
        struct bytes cut = copy_of(payload, n), body;
        struct event_author author;
        assert_int_equal(event_payload_decode(cut, &body, &author, NULL), ERR_CORRUPT);
        free((void *)(uintptr_t)cut.p);
    }
}

static void a_header_or_payload_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    each_vector("header", cut_header);
    each_vector("payload", cut_payload);
}

static void a_flipped_bit_is_refused_or_gives_other_canonical_bytes(void **state) {
    (void)state;
    each_vector("header", flip_headers);
    each_vector("payload", flip_payloads);
}

#define CASE(s) s, sizeof(s) - 1

static void a_payload_of_the_wrong_shape_is_refused(void **state) {
    static const struct {
        const char *payload;
        size_t n;
        const char *message;
    } cases[] = {
        {CASE("\x91\x80"), "payload is not an array of 2"},
        {CASE("\x80"), "payload is not an array of 2"},
        {CASE("\x92\xc0\xc0"), "the payload's body is not a map"},
        {CASE("\x92\x90\xc0"), "the payload's body is not a map"},
        {CASE("\x92\x80\x80"), "the payload's author is not [name, 4 bytes, 64 bytes]"},
        {CASE("\x92\x80\x93\xa1x\xc4\x04"
              "1234\xc4\x01x"),
         "the payload's author is not [name, 4 bytes, 64 bytes]"},
        {CASE("\x92\x80\x93\xa0\xc4\x04"
              "1234\xc4\x01x"),
         "the payload's author is not [name, 4 bytes, 64 bytes]"},
        {CASE("\x92\x80\xc0\xc0"), "1 bytes after the payload"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes body;
        struct event_author author;
        struct err err = {0};
        assert_int_equal(
            event_payload_decode((struct bytes){(const uint8_t *)cases[i].payload, cases[i].n}, &body, &author, &err),
            ERR_CORRUPT);
        assert_string_equal(err.msg, cases[i].message);
    }
}

/* ---- private fields ---- */

static void private_fields_are_committed_one_by_one(void **state) {
    static const uint8_t event_seed[EVENT_HASH] = {9};
    const struct bytes map = LIT("\x82\xa1"
                                 "a\x01\xa1"
                                 "b\xa1x");
    uint8_t salt[EVENT_HASH], digests[2 * EVENT_HASH], whole[EVENT_HASH], parts[EVENT_HASH];
    (void)state;
    event_field_salt(salt, event_seed, LIT("a"));
    event_field_digest(digests, salt,
                       LIT("\x92\xa1"
                           "a\x01"));
    event_field_salt(salt, event_seed, LIT("b"));
    event_field_digest(digests + EVENT_HASH, salt,
                       LIT("\x92\xa1"
                           "b\xa1x"));
    event_private_commit_digests(parts, digests, 2);
    assert_int_equal(event_private_commit(whole, event_seed, map, NULL), 0);
    assert_memory_equal(whole, parts, EVENT_HASH);
    assert_int_equal(event_private_commit(whole, event_seed, LIT("\x80"), NULL), ERR_CORRUPT);
    assert_int_equal(event_private_commit(whole, event_seed, LIT("\x90"), NULL), ERR_CORRUPT);
    assert_int_equal(event_private_commit(whole, event_seed, LIT("\x81\x01\x01"), NULL), ERR_CORRUPT);
    assert_int_equal(event_private_commit(whole, event_seed,
                                          LIT("\x82\xa1"
                                              "a\x01"),
                                          NULL),
                     ERR_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_come_out_of_their_inputs_to_the_last_byte),
        cmocka_unit_test(each_element_of_a_wrong_type_is_refused),
        cmocka_unit_test(each_element_in_a_form_that_is_not_canonical_is_refused),
        cmocka_unit_test(each_element_outside_its_limits_is_refused),
        cmocka_unit_test(the_longest_header_that_is_allowed_is_read_back),
        cmocka_unit_test(a_header_of_the_wrong_shape_is_refused),
        cmocka_unit_test(a_header_or_payload_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_gives_other_canonical_bytes),
        cmocka_unit_test(a_payload_of_the_wrong_shape_is_refused),
        cmocka_unit_test(private_fields_are_committed_one_by_one),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
