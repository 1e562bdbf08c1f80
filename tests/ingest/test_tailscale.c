/* Statuses of Tailscale: what is recorded of peers, what is not a change, and what is refused. */
#include <sys/stat.h>

#include "ingest/tailscale/tailscale.h"
#include "tests/ingest/ollama_box.h"

#define FIXTURES "tests/ingest/fixtures/tailscale/"
#define PEER(id, rest)                                                                                                     \
    "\"nodekey:" id "\":{\"ID\":\"" id "\",\"PublicKey\":\"nodekey:" id "\",\"HostName\":\"secret-" id                     \
    "\",\"OS\":\"linux\",\"TailscaleIPs\":[\"100.64.0.9\"]," rest "}"
#define STATUS(state, peers)                                                                                               \
    "{\"Version\":\"1.80.0\",\"BackendState\":\"" state "\",\"AuthURL\":\"https://login.example.com/a/feedface\","         \
    "\"Self\":{\"ID\":\"self\",\"PublicKey\":\"nodekey:s\",\"Online\":true},\"Health\":null,\"Peer\":" peers "}"
#define ON(rx) "\"Online\":true,\"RxBytes\":" rx ",\"LastSeen\":\"0001-01-01T00:00:00Z\""
#define OFF    "\"Online\":false,\"LastSeen\":\"2026-03-01T08:00:00Z\""

/* The program, as it says this. */
static void says(struct ollama_box *b, const char *text) {
    char path[192], script[192];
    put(b, "status", text);
    snprintf(path, sizeof(path), "%s/usr", b->dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/usr/bin", b->dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/usr/bin/tailscale", b->dir);
    snprintf(script, sizeof(script), "#!/bin/sh\n[ \"$*\" = 'status --json' ] && cat %s/status\n", b->dir);
    box_write(path, script, O_TRUNC);
    assert_int_equal(chmod(path, 0700), 0);
}

static uint64_t looks(struct ollama_box *b, const char *text) {
    uint64_t from = box_size(&b->box);
    says(b, text);
    if (box_run(&b->box, "tailscale", (struct ingest_options){.root = b->dir}) != 0) fail_msg("%s", b->box.err.msg);
    return from;
}

static void a_peer_is_recorded_when_it_comes_changes_and_goes(void **state) {
    struct ollama_box *b = *state;
    uint64_t from = looks(b, STATUS("Running", "{" PEER("a", ON("1")) "," PEER("b", OFF) "}"));
    events_are(b, from, "online os version network",
               "peer.observed peer/a reported online=true os=\"linux\" network=\"tailscale\"\n"
               "peer.observed peer/b reported online=false os=\"linux\" network=\"tailscale\"\n"
               "peer.observed peer/self reported online=true version=\"1.80.0\" network=\"tailscale\"\n");
    from = looks(b, STATUS("Running", "{" PEER("b", OFF) "," PEER("a", ON("99999")) "}"));
    assert_int_equal(box_size(&b->box), from); /* traffic is no change */
    from = looks(b, STATUS("Running", "{" PEER("a", OFF) "," PEER("b", ON("1")) "}"));
    events_are(b, from, "online reason seen_at",
               "peer.lost peer/a reported reason=\"offline\" seen_at=1772352000000000000\n"
               "peer.observed peer/b reported online=true\n");
    from = looks(b, STATUS("Running", "{" PEER("a", OFF) "," PEER("b", "\"Tags\":[\"tag:x\"]," ON("1")) "}"));
    events_are(b, from, "online tags", "peer.observed peer/b reported online=true tags=[\"tag:x\"]\n");
    from = looks(b, STATUS("Running", "{" PEER("b", "\"Tags\":[\"tag:x\"],\"Expired\":true," OFF) "}"));
    events_are(b, from, "reason",
               "peer.lost peer/a reported reason=\"removed\"\npeer.lost peer/b reported reason=\"expired\"\n");
    from = looks(b, STATUS("Running", "{}"));
    events_are(b, from, "reason", "peer.lost peer/b reported reason=\"removed\"\n");
    from = looks(b, STATUS("Running", "{" PEER("a", ON("1")) "}"));
    events_are(b, from, "online", "peer.observed peer/a reported online=true\n"); /* back is another event */
    from = looks(b, STATUS("Running", "{" PEER("a", ON("1")) "}"));
    assert_int_equal(box_size(&b->box), from);
    assert_true(b->box.result.total.duplicate > 0);
}

static void a_network_that_is_stopped_says_nothing_of_its_peers(void **state) {
    struct ollama_box *b = *state;
    looks(b, STATUS("Running", "{" PEER("a", ON("1")) "}"));
    uint64_t from = looks(b, STATUS("Stopped", "null"));
    events_are(b, from, "reason", "peer.lost peer/self reported reason=\"offline\"\n");
    from = looks(b, STATUS("Running", "{" PEER("a", ON("1")) "}"));
    events_are(b, from, "online", "peer.observed peer/self reported online=true\n");
}

static void names_are_private_and_the_address_to_log_in_is_nowhere(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    const char *const files[] = {FIXTURES "status.json", FIXTURES "login.json"};
    looks(b, STATUS("Running", "{" PEER("a", ON("1")) "}"));
    assert_int_equal(box_run(&b->box, "tailscale", (struct ingest_options){.from = files, .n_from = 2}), 0);
    for (uint64_t seq = 1; seq < box_size(&b->box); seq++) {
        char *event = strdup(box_event(&b->box, seq, text, sizeof(text))), *hidden = strstr(event, "} {");
        assert_non_null(event);
        assert_null(strstr(event, "login.example"));
        assert_null(strstr(event, "joe@"));
        if (hidden != NULL) *hidden = '\0';
        assert_null(strstr(event, "secret-"));
        assert_null(strstr(event, "laptop"));
        assert_null(strstr(event, "100.64"));
        free(event);
    }
}

static void a_saved_status_is_taken_by_itself_and_once(void **state) {
    struct ollama_box *b = *state;
    const char *const file = FIXTURES "status.json";
    uint64_t from = box_size(&b->box);
    assert_int_equal(box_run(&b->box, "tailscale", (struct ingest_options){.from = &file, .n_from = 1}), 0);
    events_are(b, from, "online tags key_expires",
               "peer.observed peer/nAAAA11CNTRL reported online=true\n"
               "peer.observed peer/nBBBB11CNTRL reported online=false tags=[\"tag:models\"]\n"
               "peer.observed peer/nSELF11CNTRL reported online=true key_expires=1788220800000000000\n");
    uint64_t size = box_size(&b->box);
    assert_int_equal(box_run(&b->box, "tailscale", (struct ingest_options){.from = &file, .n_from = 1}), 0);
    assert_int_equal(box_size(&b->box), size);
    assert_int_equal(b->box.result.total.duplicate, 3);
}

static void each_wrong_status_is_refused_in_its_own_words(void **state) {
    static const char *const none = "0: not a status of Tailscale; expected: the output of 'tailscale status --json'\n";
    static const char *const id = "0: a peer has no 'ID' of at most 64 letters, digits, '-', '_' and '.'\n";
    const struct {
        const char *text, *words;
    } cases[] = {
        {"[]", none},
        {"{}", none},
        {"{\"BackendState\":\"Running\"}", none},
        {"{\"Self\":{}}", none},
        {STATUS("Running", "{\"x\":7}"), "0: a peer is not an object\n"},
        {STATUS("Running", "{\"x\":{}}"), id},
        {STATUS("Running", "{\"x\":{\"ID\":\"a/b\"}}"), id},
        {STATUS("Running", "{\"x\":{\"ID\":\"a\"},\"y\":{\"ID\":\"a\"}}"), "0: the peer 'a' is listed twice\n"},
        {"no", "0: not valid JSON: line 1 column 2: invalid token near 'no'\n"},
    };
    struct ollama_box *b = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        looks(b, cases[i].text);
        assert_string_equal(b->box.rejections, cases[i].words);
    }
}

static void a_peer_that_cannot_be_read_takes_no_other_away(void **state) {
    struct ollama_box *b = *state;
    looks(b, STATUS("Running", "{" PEER("a", ON("1")) "," PEER("b", ON("1")) "}"));
    uint64_t from = looks(b, STATUS("Running", "{" PEER("a", ON("1")) ",\"x\":7}"));
    assert_int_equal(box_size(&b->box), from);
}

static void a_program_that_fails_or_is_not_there_is_an_error(void **state) {
    struct ollama_box *b = *state;
    const struct ingest_options o = {.root = b->dir};
    assert_int_equal(box_run(&b->box, "tailscale", o), ERR_NOTFOUND);
    assert_non_null(strstr(b->box.err.msg, "tailscale status --json | ledger ingest tailscale -"));
    says(b, "");
    char path[192];
    snprintf(path, sizeof(path), "%s/usr/bin/tailscale", b->dir);
    box_write(path, "#!/bin/sh\nexit 1\n", O_TRUNC);
    assert_int_equal(box_run(&b->box, "tailscale", o), ERR_NET);
    assert_non_null(strstr(b->box.err.msg, "failed with status 1"));
}

int main(void) {
#define BOX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        BOX(a_peer_is_recorded_when_it_comes_changes_and_goes),
        BOX(a_network_that_is_stopped_says_nothing_of_its_peers),
        BOX(names_are_private_and_the_address_to_log_in_is_nowhere),
        BOX(a_saved_status_is_taken_by_itself_and_once),
        BOX(each_wrong_status_is_refused_in_its_own_words),
        BOX(a_peer_that_cannot_be_read_takes_no_other_away),
        BOX(a_program_that_fails_or_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
