"""Appraisal of AMD SEV-SNP attestation reports (AMD publications 56860 and 57230): form, origin, statements."""
