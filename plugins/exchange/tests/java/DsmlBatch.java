import java.io.FileInputStream;
import java.io.InputStream;
import org.apache.directory.api.dsmlv2.Dsmlv2Parser;
import org.apache.directory.api.dsmlv2.engine.Dsmlv2Engine;
import org.apache.directory.api.ldap.model.entry.Attribute;
import org.apache.directory.api.ldap.model.entry.Value;
import org.apache.directory.api.ldap.model.message.AddRequest;
import org.apache.directory.api.ldap.model.message.Request;

/**
 * Runs a batch of DSML 2.0 through Apache's engine against an LDAP server, or through its parser alone.
 *
 * DsmlBatch FILE                     prints each request that the parser finds: its type, and of an add the name and the
 *                                    attributes, each value in hexadecimal digits
 * DsmlBatch FILE PORT USER PASSWORD  carries the batch out on a server of this machine, and prints the response
 */
public class DsmlBatch {
    public static void main(String[] arguments) throws Exception {
        try (InputStream file = new FileInputStream(arguments[0])) {
            if (arguments.length == 1) {
                parse(file);
            } else {
                int port = Integer.parseInt(arguments[1]);
                Dsmlv2Engine engine = new Dsmlv2Engine("127.0.0.1", port, arguments[2], arguments[3]);
                engine.processDSML(file, "UTF-8", System.out);
            }
        }
        System.out.flush();
        // The threads of its network library would keep the program alive.
        System.exit(0);
    }

    private static void parse(InputStream file) throws Exception {
        Dsmlv2Parser parser = new Dsmlv2Parser();
        parser.setInput(file, "UTF-8");
        parser.parse();
        for (Object each : parser.getBatchRequest().getRequests()) {
            Request request = (Request) each;
            System.out.println(request.getType());
            if (request instanceof AddRequest) {
                AddRequest add = (AddRequest) request;
                System.out.println("dn=" + hexadecimal(add.getEntryDn().getName().getBytes("UTF-8")));
                for (Attribute attribute : add.getEntry()) {
                    for (Value value : attribute) {
                        System.out.println(attribute.getUpId() + "=" + hexadecimal(value.getBytes()));
                    }
                }
            }
        }
    }

    private static String hexadecimal(byte[] bytes) {
        StringBuilder digits = new StringBuilder();
        for (byte each : bytes) {
            digits.append(String.format("%02x", each));
        }
        return digits.toString();
    }
}
