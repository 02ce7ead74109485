#include <stdio.h>

int main(void)
{
	puts("hello from a program that was built in a jail");
	return 0;
}
