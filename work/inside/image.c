/* The keeper travels inside this program, so that there is no second file to find, to trust or to keep of one version.
 * WORK_KEEPER is the file that the Makefile has built from main.c. */
#include "work/inside/image.h"

__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        "inside_image_begin:\n"
        ".incbin \"" WORK_KEEPER "\"\n"
        "inside_image_end:\n"
        ".popsection\n");

extern const uint8_t inside_image_begin[] __attribute__((visibility("hidden")));
extern const uint8_t inside_image_end[] __attribute__((visibility("hidden")));

struct bytes inside_image(void) {
    return (struct bytes){inside_image_begin, (size_t)(inside_image_end - inside_image_begin)};
}
