"""Kernel interfaces of SEV-SNP and TDX without the hardware: for tests, and for people who have none."""
