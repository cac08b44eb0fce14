import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Makes of PEM files what the drivers take: PKCS#12 stores, and a key as PKCS#8 in DER. */
final class Stores {
    static final String PASSWORD = "changeit";

    private Stores() {}

    static Path trusting(String authorities) throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        int number = 0;
        for (Certificate authority : certificates(authorities)) {
            store.setCertificateEntry("authority-" + number++, authority);
        }
        return written(store);
    }

    static Path holding(String chain, String key) throws GeneralSecurityException, IOException {
        KeyStore store = empty();
        Certificate[] certificates = certificates(chain);
        String algorithm = certificates[0].getPublicKey().getAlgorithm();
        PrivateKey privateKey = KeyFactory.getInstance(algorithm)
                .generatePrivate(new PKCS8EncodedKeySpec(bare(key)));
        store.setKeyEntry("client", privateKey, PASSWORD.toCharArray(), certificates);
        return written(store);
    }

    static Path pkcs8(String key) throws IOException {
        Path file = temporary(".pk8");
        Files.write(file, bare(key));
        return file;
    }

    private static byte[] bare(String key) throws IOException {
        String body = Files.readString(Path.of(key)).replaceAll("-----[A-Z ]+-----|\\s", "");
        return Base64.getDecoder().decode(body);
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate[] certificates(String file)
            throws GeneralSecurityException, IOException {
        try (InputStream pem = Files.newInputStream(Path.of(file))) {
            return CertificateFactory.getInstance("X.509").generateCertificates(pem)
                    .toArray(Certificate[]::new);
        }
    }

    private static Path written(KeyStore store) throws GeneralSecurityException, IOException {
        Path file = temporary(".p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD.toCharArray());
        }
        return file;
    }

    private static Path temporary(String kind) throws IOException {
        Path file = Files.createTempFile("client", kind);
        file.toFile().deleteOnExit();
        return file;
    }
}
