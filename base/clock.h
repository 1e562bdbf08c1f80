/* The one place where time enters. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_S    UINT64_C(1000000000)
#define CLOCK_BOOT_ID_LEN 16

uint64_t clock_wall_ns(void); /* ns since the Unix epoch, UTC */
uint64_t clock_boot_ns(void); /* ns since boot, suspended time included; monotonic */
/* The clock of timed waits: monotonic, without suspended time. */
uint64_t clock_monotonic_ns(void);
/* The kernel's boot id, all zero when unknown. */
void clock_boot_id(uint8_t ret[CLOCK_BOOT_ID_LEN]);

#endif
