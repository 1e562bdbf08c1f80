/* The hardware profile, read from trees of fixtures. */
#include "ingest/hardware/hardware.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#define FIXTURES "tests/ingest/fixtures/hardware/"

static void is_json(const struct hardware_profile *p, const char *digest, const char *want) {
    struct buf mp, json;
    buf_init(&mp, 1 << 16);
    buf_init(&json, 1 << 16);
    assert_int_equal(hardware_encode(&mp, p, digest, NULL), 0);
    assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, NULL), 0);
    buf_put_u8(&json, 0);
    assert_string_equal((char *)json.p, want);
    buf_done(&mp);
    buf_done(&json);
}

static void a_workstation_is_profiled_without_sticks_virtual_disks_and_serial_numbers(void **state) {
    (void)state;
    struct hardware_profile p;
    hardware_probe(FIXTURES "box", &p);
    is_json(&p, "sha256:00",
            "{\"arch\":\"x86_64\",\"cores\":2,\"cpu\":\"Example(R) Core 5000  @ 3.00GHz\",\"digest\":\"sha256:00\","
            "\"disks\":[{\"bytes\":4000787030016,\"kind\":\"rotating\",\"model\":\"EXAMPLE HDD 4TB\",\"name\":\"sda\"},"
            "{\"bytes\":1000204886016,\"kind\":\"solid\",\"model\":\"EXAMPLE SSD 1TB\",\"name\":\"nvme0n1\"}],"
            "\"gpus\":[{\"bus\":\"0000:00:02.0\",\"device\":\"0x744c\",\"driver\":\"amdgpu\",\"memory_bytes\":25753026560,"
            "\"name\":\"Example RX\",\"vendor\":\"0x1002\"},{\"bus\":\"0000:01:00.0\",\"device\":\"0x2684\",\"driver\":"
            "\"nvidia\",\"driver_version\":\"550.54.14\",\"memory_bytes\":25757220864,\"name\":\"NVIDIA Example 4090\","
            "\"vendor\":\"0x10de\"}],\"kernel\":\"Linux 6.1.0-37-amd64\",\"memory_bytes\":67369095168,\"os\":\"debian\","
            "\"os_name\":\"Debian GNU/Linux 12 (bookworm)\",\"os_version\":\"12\",\"sockets\":1,\"threads\":4}");
}

static void the_stable_part_has_neither_disk_names_nor_exact_memory(void **state) {
    (void)state;
    struct hardware_profile p;
    memset(&p, 0, sizeof(p));
    p.memory_bytes = UINT64_C(67369095168);
    p.n_disks = 1;
    hardware_set_text(p.disks[0].name, bytes_of("sda"));
    p.disks[0].bytes = 512;
    is_json(&p, "", "{\"disks\":[{\"bytes\":512,\"kind\":\"solid\"}],\"gpus\":[],\"memory_bytes\":67377299456}");
    p.memory_bytes += 4096;
    hardware_set_text(p.disks[0].name, bytes_of("sdb"));
    is_json(&p, "", "{\"disks\":[{\"bytes\":512,\"kind\":\"solid\"}],\"gpus\":[],\"memory_bytes\":67377299456}");
}

static void a_virtual_disk_is_neither_rotating_nor_solid(void **state) {
    (void)state;
    struct hardware_profile p;
    char root[] = "/tmp/ledger-test-XXXXXX", path[256];
    static const struct {
        const char *path, *text;
    } files[] = {{"sys/block/vda/size", "2048"},          {"sys/block/vda/removable", "0"},
                 {"sys/block/vda/queue/rotational", "1"}, {"sys/block/sda/size", "4096"},
                 {"sys/block/sda/removable", "0"},        {"sys/block/sda/queue/rotational", "1"},
                 {"sys/block/vda/device/modalias", ""},   {"sys/block/sda/device/vendor", "QEMU    "}};
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct err err = {0};
        snprintf(path, sizeof(path), "%s/%s", root, files[i].path);
        *strrchr(path, '/') = '\0';
        assert_int_equal(file_make_dirs(path, &err), 0);
        snprintf(path, sizeof(path), "%s/%s", root, files[i].path);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(files[i].text, f);
        fclose(f);
    }
    hardware_probe(root, &p);
    assert_int_equal(p.n_disks, 2);
    is_json(&p, "",
            "{\"disks\":[{\"bytes\":1048576,\"kind\":\"virtual\"},{\"bytes\":2097152,\"kind\":\"virtual\"}],\"gpus\":[]}");
    snprintf(path, sizeof(path), "rm -rf %s", root);
    assert_int_equal(system(path), 0);
}

static void an_arm_board_has_the_gpu_of_its_chip_and_no_serial_number(void **state) {
    (void)state;
    struct hardware_profile p;
    hardware_probe(FIXTURES "board", &p);
    is_json(&p, "",
            "{\"cpu\":\"Example Pi 5 Model B Rev 1.0\",\"disks\":[],\"gpus\":[{\"driver\":\"v3d\",\"name\":\"v3d\"}],"
            "\"memory_bytes\":8455716864,\"os\":\"raspbian\",\"os_version\":\"12\",\"threads\":2}");
}

static void an_empty_tree_gives_an_empty_profile(void **state) {
    (void)state;
    struct hardware_profile p;
    hardware_probe(FIXTURES "absent", &p);
    is_json(&p, "", "{\"disks\":[],\"gpus\":[]}");
}

static void this_machine_has_a_processor_memory_and_a_kernel(void **state) {
    (void)state;
    struct hardware_profile p;
    hardware_probe("/", &p);
    assert_true(p.threads > 0);
    assert_true(p.memory_bytes > 0);
    assert_memory_equal(p.kernel, "Linux ", 6);
}

static void odd_answers_of_nvidia_smi_change_only_what_they_name(void **state) {
    (void)state;
    struct hardware_profile p;
    memset(&p, 0, sizeof(p));
    p.n_gpus = 1;
    memcpy(p.gpus[0].bus, "0000:01:00.0", sizeof("0000:01:00.0"));
    hardware_take_smi(&p, bytes_of("No devices were found\n"));
    hardware_take_smi(&p, bytes_of("00000000:01:00.0, only two\n\n,,,\n"));
    assert_string_equal(p.gpus[0].name, "");
    assert_int_equal(p.n_gpus, 1);
    hardware_take_smi(&p, bytes_of("00000000:01:00.0, NVIDIA GB10, [N/A], 580.1"));
    assert_string_equal(p.gpus[0].name, "NVIDIA GB10");
    assert_string_equal(p.gpus[0].driver_version, "580.1");
    assert_int_equal(p.gpus[0].memory_bytes, 0);
    hardware_take_smi(&p, bytes_of("00000000:09:00.0, Second, 100, 1\n"));
    assert_int_equal(p.n_gpus, 2);
    assert_int_equal(p.gpus[1].memory_bytes, 100 << 20);
    for (int i = 0; i < 100; i++) {
        char row[64];
        snprintf(row, sizeof(row), "bus-%03d, many, 1, 1\n", i);
        hardware_take_smi(&p, bytes_of(row));
    }
    assert_int_equal(p.n_gpus, HARDWARE_GPU_MAX);
}

static void an_nvidia_smi_that_fails_or_hangs_is_said_and_ended_in_time(void **state) {
    (void)state;
    struct hardware_profile p;
    hardware_probe(FIXTURES "fails", &p);
    is_json(&p, "", "{\"disks\":[],\"gpu_error\":\"nvidia-smi failed with status 18\",\"gpus\":[]}");
    uint64_t start = clock_boot_ns();
    hardware_probe(FIXTURES "hangs", &p);
    is_json(&p, "", "{\"disks\":[],\"gpu_error\":\"nvidia-smi gave no whole answer within 5 s\",\"gpus\":[]}");
    assert_true(clock_boot_ns() - start < 20 * CLOCK_NS_PER_S);
}

static void text_is_trimmed_cut_and_made_valid(void **state) {
    (void)state;
    char text[HARDWARE_TEXT];
    hardware_set_text(text, bytes_of("  a\tb \n"));
    assert_string_equal(text, "a b");
    hardware_set_text(text, bytes_of("x\xff\xc3"));
    assert_string_equal(text, "x??");
    struct buf many;
    buf_init(&many, 1000);
    for (int i = 0; i < 100; i++) {
        buf_put_str(&many, "\xc3\xa9");
    }
    hardware_set_text(text, bytes_of_buf(&many));
    assert_int_equal(strlen(text), 126);
    buf_done(&many);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workstation_is_profiled_without_sticks_virtual_disks_and_serial_numbers),
        cmocka_unit_test(the_stable_part_has_neither_disk_names_nor_exact_memory),
        cmocka_unit_test(a_virtual_disk_is_neither_rotating_nor_solid),
        cmocka_unit_test(an_arm_board_has_the_gpu_of_its_chip_and_no_serial_number),
        cmocka_unit_test(an_empty_tree_gives_an_empty_profile),
        cmocka_unit_test(this_machine_has_a_processor_memory_and_a_kernel),
        cmocka_unit_test(odd_answers_of_nvidia_smi_change_only_what_they_name),
        cmocka_unit_test(an_nvidia_smi_that_fails_or_hangs_is_said_and_ended_in_time),
        cmocka_unit_test(text_is_trimmed_cut_and_made_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
