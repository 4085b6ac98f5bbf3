"""Header names of customer fields in CSV files, in six languages and as other shops spell them.

The keys are fields of columns in csv_columns, those of an address without it. Each header name is
written without case, accents, blanks and punctuation: `Correo electrónico` is `correoelectronico`.
Sources: the customer CSV files of Ecwid, Jumpseller, Shopify, WooCommerce, PrestaShop, Magento,
BigCommerce and Amazon Cognito.
"""

LANGUAGES = ("en", "es", "it", "fr", "de", "pt")

# Field → language → header names, separated by blanks. A name that several languages share is
# listed in each of them, so that the file's language is detected correctly.
CUSTOMER: dict[str, dict[str, str]] = {
    "email": {
        "en": "email emailaddress mail customeremail useremail emailid loginemail contactemail primaryemail email1value",
        "es": "correoelectronico correo email direcciondecorreo direcciondecorreoelectronico direccioncorreoelectronico"
        " direcciondeemail emaildelcliente correodelcliente correoe",
        "it": "email mail postaelettronica indirizzoemail indirizzodiemail indirizzodipostaelettronica indirizzomail"
        " emailcliente emaildelcliente",
        "fr": "email courriel mail adresseemail adressemail adresseelectronique adressecourriel adressedemessagerie"
        " adressedecourriel emailduclient mel",
        "de": "email mail emailadresse mailadresse emailanschrift kundenemail",
        "pt": "email correioeletronico correioelectronico enderecodeemail enderecoeletronico enderecodecorreioeletronico"
        " emaildocliente",
    },
    "name": {
        "en": "name fullname customername displayname",
        "es": "nombre nombrecompleto nombreyapellidos cliente",
        "it": "nome nomecompleto nomeecognome nominativo",
        "fr": "nom nomcomplet nometprenom",
        "de": "name vollername kundenname vorundnachname vollstandigername",
        "pt": "nome nomecompleto nomedocliente",
    },
    "first_name": {
        "en": "firstname givenname forename",
        "es": "nombredepila primernombre",
        "it": "nomedibattesimo primonome nomesenzacognome",
        "fr": "prenom",
        "de": "vorname",
        "pt": "primeironome nomeproprio",
    },
    "last_name": {
        "en": "lastname familyname surname",
        "es": "apellido apellidos",
        "it": "cognome",
        "fr": "nomdefamille",
        "de": "nachname familienname",
        "pt": "sobrenome apelido ultimonome",
    },
    "company": {
        "en": "company companyname organization organisation",
        "es": "empresa compania razonsocial",
        "it": "azienda societa ragionesociale ditta",
        "fr": "entreprise societe raisonsociale",
        "de": "firma unternehmen firmenname",
        "pt": "empresa companhia razaosocial",
    },
    "phone": {
        "en": "phone phonenumber telephone mobile mobilephone tel",
        "es": "telefono movil numerodetelefono celular",
        "it": "telefono cellulare numeroditelefono",
        "fr": "telephone portable numerodetelephone mobile",
        "de": "telefon telefonnummer handy mobil",
        "pt": "telefone telemovel celular numerodetelefone",
    },
    "language": {
        "en": "language lang locale preferredlanguage customerlanguage",
        "es": "idioma lengua",
        "it": "lingua",
        "fr": "langue",
        "de": "sprache",
        "pt": "idioma lingua",
    },
    "status": {
        "en": "status customerstatus active enabled isactive accountstatus",
        "es": "estadodelcliente activo activado habilitado",
        "it": "attivo attivato abilitato statodelcliente",
        "fr": "statut actif",
        "de": "status aktiv aktiviert",
        "pt": "situacao ativo ativado",
    },
    "groups": {
        "en": "groups group customergroup customergroups customergroupname"
        " category categories customercategory customercategories",
        "es": "grupo grupos categoria categorias",
        "it": "gruppo gruppi categoria categorie",
        "fr": "groupe groupes categorie categories",
        "de": "gruppe gruppen kundengruppe kundengruppen kategorie kategorien",
        "pt": "grupo grupos categoria categorias",
    },
    "primary_group": {
        "en": "primarygroup",
        "es": "grupoprincipal",
        "it": "gruppoprincipale",
        "fr": "groupeprincipal",
        "de": "hauptgruppe",
        "pt": "grupoprincipal",
    },
    "tags": {
        "en": "tags tag",
        "es": "etiquetas",
        "it": "etichette tag",
        "fr": "etiquettes",
        "de": "schlagworte tags",
        "pt": "etiquetas tags",
    },
    "external_ids": {
        "en": "externalids",
        "es": "idsexternos identificadoresexternos",
        "it": "idesterni identificativiesterni",
        "fr": "idsexternes identifiantsexternes",
        "de": "externeids externekennungen",
        "pt": "idsexternos identificadoresexternos",
    },
    "tax_exempt": {
        "en": "taxexempt istaxexempt",
        "es": "exentodeimpuestos exento",
        "it": "esentetasse esente esentedaimposte",
        "fr": "exoneredetaxes exoneredetaxe exonere",
        "de": "steuerbefreit steuerfrei",
        "pt": "isentodeimpostos isento",
    },
    "tax_exemption.reason": {
        "en": "taxexemptionreason",
        "es": "motivodelaexencion",
        "it": "motivodellesenzione",
        "fr": "motifdelexoneration",
        "de": "grunddersteuerbefreiung",
        "pt": "motivodaisencao",
    },
    "tax_exemption.jurisdiction": {
        "en": "taxexemptionjurisdiction",
        "es": "jurisdicciondelaexencion",
        "it": "giurisdizionedellesenzione",
        "fr": "juridictiondelexoneration",
        "de": "zustandigkeitdersteuerbefreiung",
        "pt": "jurisdicaodaisencao",
    },
    "tax_exemption.expires_on": {
        "en": "taxexemptionexpireson",
        "es": "exencionvalidahasta",
        "it": "esenzionevalidafinoal",
        "fr": "exonerationvalablejusquau",
        "de": "steuerbefreitbis",
        "pt": "isencaovalidaate",
    },
    "vat_id": {
        "en": "vatid vat vatnumber vatin taxid taxnumber taxvat taxvatnumber",
        "es": "nif cif nifcif idfiscal numerodeiva nifiva",
        "it": "partitaiva piva",
        "fr": "numerotva numerodetva tva tvaintracommunautaire",
        "de": "ustid ustidnr ustidnummer umsatzsteuerid umsatzsteueridentifikationsnummer",
        "pt": "nif contribuinte numerodecontribuinte cnpj",
    },
    "accepts_marketing": {
        "en": "acceptsmarketing acceptmarketing acceptsemailmarketing emailmarketing"
        " marketingconsent marketing newsletter subscribed issubscribed receivenewsletter receivemarketingemails optin"
        " emailmarketingconsent newslettersubscription",
        "es": "aceptamarketing aceptapublicidad boletin boletindenoticias suscrito newsletter suscritoalboletin",
        "it": "accettamarketing newsletter iscrittoallanewsletter",
        "fr": "acceptelemarketing acceptemarketing newsletter lettredinformation lettredinformations inscritalanewsletter",
        "de": "akzeptiertmarketing marketingeinwilligung newsletter",
        "pt": "aceitamarketing aceitapublicidade newsletter boletim boletiminformativo",
    },
    "consent_at": {
        "en": "consentat consentdate consenttime marketingconsentat marketingconsentdate acceptsmarketingupdatedat"
        " optintime optindate confirmtime subscribedat subscriptiondate newsletterdate newsletterdateadd dateoptin",
        "es": "fechadeconsentimiento fechadesuscripcion",
        "it": "datadelconsenso datadiconsenso datadiiscrizioneallanewsletter",
        "fr": "datedeconsentement dateduconsentement datedabonnement",
        "de": "einwilligungsdatum einwilligungam datumdereinwilligung angemeldetam",
        "pt": "datadoconsentimento datadeconsentimento datadesubscricao",
    },
    "marketing_consent.source": {
        "en": "consentsource",
        "es": "origendelconsentimiento",
        "it": "originedelconsenso",
        "fr": "origineduconsentement",
        "de": "herkunftdereinwilligung",
        "pt": "origemdoconsentimento",
    },
    "marketing_consent.wording": {
        "en": "consentwording",
        "es": "textodelconsentimiento",
        "it": "testodelconsenso",
        "fr": "texteduconsentement",
        "de": "wortlautdereinwilligung",
        "pt": "textodoconsentimento",
    },
    "custom_fields": {
        "en": "customfields",
        "es": "campospersonalizados",
        "it": "campipersonalizzati",
        "fr": "champspersonnalises",
        "de": "eigenefelder",
        "pt": "campospersonalizados",
    },
    "note": {
        "en": "note notes customernote adminnotes privateadminnotes comment comments",
        "es": "nota notas comentario comentarios observaciones",
        "it": "nota note commenti",
        "fr": "note notes remarque remarques commentaire",
        "de": "notiz notizen bemerkung anmerkung",
        "pt": "nota notas observacoes",
    },
    "created_at": {
        "en": "createdat created createddate datecreated"
        " registered registrationdate dateregistered signupdate customersince signup dateadded datejoined joined"
        " registeredat registrationtime registration userregistered dateadd",
        "es": "fechaderegistro fechadecreacion fechadealta alta registrado fechaalta fecharegistro registro clientedesde",
        "it": "datadiregistrazione datadicreazione dataregistrazione registratoil clientedal datadiiscrizione registrazione",
        "fr": "datedinscription datedecreation dateinscription inscription inscritle clientdepuis",
        "de": "registriertam erstelltam registrierungsdatum kundeseit anmeldedatum erstellungsdatum angelegtam registrierung",
        "pt": "dataderegisto dataderegistro datadecriacao datadecadastro clientedesde datacadastro registo cadastro",
    },
    "password": {
        "en": "password pass passwd userpass userpassword passwordhash hashedpassword",
        "es": "contrasena clave",
        "it": "password",
        "fr": "motdepasse",
        "de": "passwort kennwort",
        "pt": "senha palavrapasse",
    },
}

ADDRESS: dict[str, dict[str, str]] = {
    "street": {
        "en": "address address1 addressline1 addressline street street1 streetaddress",
        "es": "direccion direccion1 calle domicilio",
        "it": "indirizzo indirizzo1 via",
        "fr": "adresse adresse1 rue",
        "de": "adresse adresse1 anschrift strasse strasseundhausnummer",
        "pt": "endereco endereco1 morada rua logradouro",
    },
    "street2": {
        "en": "address2 addressline2 street2 apartment",
        "es": "direccion2",
        "it": "indirizzo2",
        "fr": "adresse2 complementdadresse",
        "de": "adresse2 adresszusatz",
        "pt": "endereco2 complemento morada2",
    },
    "city": {
        "en": "city town cityname citysuburb",
        "es": "ciudad poblacion localidad",
        "it": "citta comune localita",
        "fr": "ville",
        "de": "stadt ort",
        "pt": "cidade localidade",
    },
    "postal_code": {
        "en": "postalcode postcode zip zipcode zippostalcode zippostcode",
        "es": "codigopostal cp",
        "it": "cap codicepostale",
        "fr": "codepostal cp",
        "de": "plz postleitzahl",
        "pt": "codigopostal cep",
    },
    "region": {
        "en": "region state province provincecode statecode stateabbreviation stateorprovince stateorprovincecode"
        " stateprovince county",
        "es": "provincia region estado comunidad",
        "it": "provincia regione",
        "fr": "region province departement etat",
        "de": "bundesland region kanton",
        "pt": "estado distrito regiao provincia",
    },
    "country": {
        "en": "country countrycode countryname countryregion countryid",
        "es": "pais codigodepais codigopais",
        "it": "paese nazione stato codicepaese",
        "fr": "pays codepays",
        "de": "land landercode landescode",
        "pt": "pais codigodopais",
    },
}

BILLING = (
    "billing",
    "address",  # Magento: `_address_city`
    "billto",
    "defaultaddress",
    "facturacion",
    "fatturazione",
    "facturation",
    "rechnungs",
    "rechnung",
    "faturacao",
    "faturamento",
    "cobranca",
)
SHIPPING = (
    *("shipping", "shipto", "delivery", "envio", "entrega", "spedizione", "consegna"),
    *("livraison", "lieferung", "liefer", "versand"),
)
